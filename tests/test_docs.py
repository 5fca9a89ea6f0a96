"""What docs/ says: generated pages are as generated now, links lead somewhere, code runs."""

import re
from pathlib import Path

import pytest
from support import generated_docs

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    *sorted((ROOT / "docs").glob("*.md")),
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_the_command_lines_page_is_what_help_says():
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert page == generated_docs.command_line(), "run `make docs`"


@pytest.mark.slow
def test_the_picture_of_the_rooms_is_drawn_from_todays_imports():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page == generated_docs.with_rooms(page), "run `make docs`"


@pytest.mark.slow
def test_the_rooms_have_no_circle():
    edges = generated_docs.room_imports()
    assert {name for name in edges if name in generated_docs.reachable(edges, name)} == set()


@pytest.mark.slow
def test_no_package_holds_a_circle():
    found = generated_docs.sibling_imports()
    assert "runs" in found["components.widgets"]["history"]
    for package, edges in found.items():
        circle = {name for name in edges if name in generated_docs.reachable(edges, name)}
        assert circle == set(), package


@pytest.mark.slow
def test_every_room_is_in_the_list_of_rooms():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = page.split("```")[1]
    for room in generated_docs.room_imports():
        name = room.rpartition("/")[2]
        loose = room.startswith("core/") and (ROOT / f"{room}.py").is_file()  # errors, settings
        assert loose or re.search(rf"^ *{re.escape(name)}(/|\.py)? ", listed, re.MULTILINE), room


def test_only_arrows_that_no_path_implies_are_drawn():
    chain = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert generated_docs.reduced(chain) == {"a": {"b"}, "b": {"c"}, "c": set()}
    assert generated_docs.reachable(chain, "a") == {"b", "c"}


@every_page
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page):
    text = page.read_text(encoding="utf-8")
    links = [first or second for first, second in re.findall(
        r'(?:src|srcset)="([^"]+)"|\]\(([^)]+)\)', text)]  # fmt: skip
    for link in links:
        path, _, anchor = link.partition("#")
        if link.startswith("https://"):
            continue
        target = (page.parent / path) if path else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """The headings of a page as the addresses that they have."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@every_page
def test_every_make_target_and_command_named_is_there(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, re.MULTILINE):
        assert target in targets
    known = {name.removeprefix("headsweep ") for name in _command_names()}
    for command in re.findall(r"(?:^|`|/bin/)headsweep ([a-z]+)\b", text, re.MULTILINE):
        assert command in known


def _command_names() -> list[str]:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    return re.findall(r"^## `(headsweep \w+)", page, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "using.md"],
                         ids=lambda page: page.name)  # fmt: skip
def test_the_pythons_examples_run(page):
    (example,) = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, page.name, "exec"), names)
    assert len(names["result"].to_frame()) == 12
