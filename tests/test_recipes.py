"""CONTRIBUTING.md's recipes: what they name is there, and nothing misses one of the places."""

import ast
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.checkpoints import FAMILIES

from components.widgets.head.panel import VIEWS
from components.widgets.sweep.address import take_over
from core.model import families

ROOT = Path(__file__).parent.parent
RECIPES = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Recipes")[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem != "__init__")
every_view = pytest.mark.parametrize("view", VIEWS)
every_page = pytest.mark.parametrize("page", PAGES)


def source(*names: str) -> str:
    """The text of some files of the project."""
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def test_every_file_that_a_recipe_names_is_there():
    named = re.findall(r"`((?:core|components|pages|tests|app)[\w/.]*(?:/|\.py))`", RECIPES)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_name_in_capitals_that_a_recipe_names_is_in_a_file_that_it_names():
    for recipe in re.split(r"^### ", RECIPES, flags=re.MULTILINE)[1:]:
        text = source(*re.findall(r"`((?:core|components|tests)[\w/]*\.py)`", recipe))
        for name in re.findall(r"`([A-Z]{4,})`", recipe):
            assert re.search(rf"^{name}\b", text, re.MULTILINE), name


# A figure: `tests/components/figures/test_every_figure.py` finds every function that makes one.


def test_every_figure_takes_a_look():
    for path in (ROOT / "components" / "figures").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            drawn = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
            if drawn and node.returns is not None and ast.unparse(node.returns) == "go.Figure":
                given = {ast.unparse(a.annotation) for a in node.args.args if a.annotation}
                assert "Look" in given, f"{path.name}: {node.name}"


@every_view
def test_every_view_has_a_title_an_address_and_a_test_of_its_page(view):
    title, draw = VIEWS[view]
    assert title
    assert callable(draw)
    assert view in re.findall(r'"([\w-]+)"', source("tests/served/test_head_page.py"))
    assert f"`view={view}`" in source("docs/reading-results.md")
    assert take_over.__module__ == "components.widgets.sweep.address"


def test_every_family_with_wiring_has_a_checkpoint_that_the_oracle_is_run_on():
    assert {config.model_type for config in FAMILIES.values()} == set(families.FAMILIES)
    assert 'parametrize("family", FAMILIES)' in source("tests/core/engine/test_engine.py")


@every_page
def test_every_page_is_in_the_navigation_and_in_the_browsers_tests(page):
    assert f'st.Page("pages/{page}.py"' in source("app.py")
    (title,) = re.findall(rf'st.Page\("pages/{page}.py", title="(\w+)"', source("app.py"))
    browser = source(*(f"tests/browser/{path.name}" for path in (ROOT / "tests/browser").glob("*")
                       if path.suffix == ".py"))  # fmt: skip
    assert f'"{title}"' in browser or f"/{page}" in browser
    assert f"**{title}**" in source("docs/using.md")


@pytest.fixture(scope="module")
def app():
    """The dashboard as it opens, on its default page."""
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not opened.exception
    return opened


@every_page
def test_every_page_draws_without_an_exception(app, page):
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    assert source(f"pages/{page}.py").rstrip().endswith("end_page(state)")
