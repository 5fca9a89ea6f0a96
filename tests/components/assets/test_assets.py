"""Scripts and style sheets are files, each in use, and lint clean."""

import subprocess
import sys
from pathlib import Path

import pytest

from components.assets import asset
from components.widgets.page.page_script import _SCRIPTS
from components.widgets.sweep import head_grid

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "components" / "assets"
KINDS = ("*.js", "*.css", "*.html")
FILES = [path.relative_to(FOLDER).as_posix() for kind in KINDS for path in FOLDER.glob(f"*/{kind}")]


def test_every_script_is_in_the_page_or_in_the_report_or_a_components():
    scripts = {Path(name).stem for name in FILES if name.endswith(".js")}
    assert scripts == {*_SCRIPTS, "report", head_grid.KEY}


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".html")])
def test_no_file_can_end_the_element_that_it_is_put_into(name):
    assert "</" not in asset(name)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("css")])
def test_a_style_sheet_closes_what_it_opens(name):
    text = asset(name)
    assert text.count("{") == text.count("}") > 0


@pytest.mark.slow
def test_scripts_and_style_sheets_pass_the_linter():
    biome = Path(sys.executable).with_name("biome")
    done = subprocess.run(
        [biome, "lint", "--error-on-warnings"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_linter_sees_what_is_wrong(tmp_path):
    (tmp_path / "wrong.js").write_text("(() => { var unused = undeclared; })();\n")
    biome = Path(sys.executable).with_name("biome")
    rules = (ROOT / "biome.json").read_text().replace("components/assets/**/", "**/")
    (tmp_path / "biome.json").write_text(rules)
    done = subprocess.run(
        [biome, "lint", "--error-on-warnings"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    for rule in ("noVar", "noUndeclaredVariables", "noUnusedVariables"):
        assert rule in done.stderr + done.stdout
