"""The list of keys on the page and the one in the documentation are this table."""

from pathlib import Path

from components.assets import asset
from components.widgets.head.panel import VIEWS
from components.widgets.page.key_list import key_list
from components.words.keys import KEYS

DOCS = Path(__file__).parents[3] / "docs" / "using.md"


def test_every_key_is_on_the_page_and_in_the_documentation():
    page, docs = str(key_list()), DOCS.read_text(encoding="utf-8")
    for key in KEYS:
        assert f"<kbd>{key.pressed}</kbd></dt><dd>{key.does}</dd>" in page
        assert f"| {key.pressed} | {key.does} |" in docs


def test_there_is_a_key_for_each_view_of_a_head():
    (numbers,) = (key.pressed for key in KEYS if key.pressed.startswith("1"))
    assert numbers == f"1 to {len(VIEWS)}"
    assert f"/^[1-{len(VIEWS)}]$/" in asset("js/keys.js")
