"""A page on paper: no figure wider than the sheet, no bar over the text, nothing to press."""

from dataclasses import replace

import pytest
from support.comparisons import sides

from core.demo import example
from core.exports import links
from core.spec.ablation import AblationKind

SHEET = 688
"""Pixels between the margins of an A4 sheet."""
ZERO = replace(example.SPEC, ablation=AblationKind.ZERO)
PAGES = {
    "sweep": ("?head=L1H0", ".st-key-view_attention .main-svg"),
    "hypothesis": ("hypothesis", ".st-key-statement .main-svg"),
    "compare": (f"compare?{links.query_of(sides(example.SPEC, ZERO))}", ".main-svg"),
}
WIDE = """sheet => Array.from(document.querySelectorAll('.js-plotly-plot, .hs-grid'),
  each => each.getBoundingClientRect()).filter(box => box.right > sheet + 1).length"""


@pytest.mark.parametrize("name", PAGES)
def test_what_is_printed_is_whole_and_nothing_lies_over_it(new_tab, server, name):
    address, drawn = PAGES[name]
    page = new_tab(width=1280)
    page.visit(f"{server}/{address}")
    page.page.locator(drawn).first.wait_for()
    page.settle()
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.page.emulate_media(media="print")
    page.page.set_viewport_size({"width": SHEET, "height": 1000})
    try:
        assert page.page.evaluate(WIDE, SHEET) == 0
        assert not page.page.locator("[data-testid=stHeader]").is_visible()
        assert (
            page.page.evaluate("getComputedStyle(document.querySelector('.hs-brand')).position")
            == "static"
        )
        assert page.page.locator("[data-testid=stButton] >> visible=true").count() == 0
    finally:
        page.page.emulate_media(media="screen")
