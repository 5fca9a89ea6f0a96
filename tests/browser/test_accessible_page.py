"""Every page by the rules of axe-core, in light and dark; its heading and title; and on paper.

A page is opened once for all of it.
"""

from dataclasses import replace

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from support.comparisons import sides

from core.demo import example
from core.exports import links
from core.spec.ablation import AblationKind

ZERO = replace(example.SPEC, ablation=AblationKind.ZERO)
RESAMPLED = replace(
    example.SPEC,
    ablation=AblationKind.RESAMPLE,
    corrupted_prompt="The quick brown cat jumps over the lazy dog. The quick brown fox",
)
PAGES = {
    "Sweep": "?head=L1H0",
    "Hypothesis": "hypothesis?heads=L0H0",
    "Patching": f"patching?{links.query_of(links.to_params(RESAMPLED) | {'patched': ['1']})}",
    "History": "history",
    "Compare": f"compare?{links.query_of(sides(example.SPEC, ZERO))}",
}
GRAVE = ("serious", "critical")
FOUND = """rules => axe.run(document, {resultTypes: ['violations'], ...rules}).then(found =>
  found.violations.map(each => [each.impact, each.id, each.nodes.map(node => node.html)]))"""
COLOURS = {"runOnly": ["color-contrast"]}
"""All that differs between the themes."""
INK = "getComputedStyle(document.documentElement).getPropertyValue('--hs-scheme').trim()"


def grave(page, rules):
    found = page.page.evaluate(FOUND, rules)
    return [(name, parts) for impact, name, parts in found if impact in GRAVE]


SHEET = 688
"""Pixels between the margins of an A4 sheet."""
WIDE = """sheet => Array.from(document.querySelectorAll('.js-plotly-plot, .hs-grid'),
  each => each.getBoundingClientRect()).filter(box => box.right > sheet + 1).length"""
BRAND = "getComputedStyle(document.querySelector('.hs-brand')).position"


@pytest.mark.parametrize("title", PAGES)
def test_no_page_shuts_anybody_out_in_light_or_dark_or_is_cut_on_paper(new_tab, server, title):
    page = new_tab(width=1280)
    page.visit(f"{server}/{PAGES[title]}")
    page.page.locator("h1").wait_for(state="attached")
    page.settle()
    page.page.evaluate(AXE_SCRIPT)
    assert grave(page, {}) == []
    assert page.page.title() == f"{title} · Headsweep"
    assert page.page.locator("h1").all_inner_texts() == [title]

    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.page.emulate_media(media="print")
    page.page.set_viewport_size({"width": SHEET, "height": 1000})
    assert page.page.evaluate(WIDE, SHEET) == 0
    assert not page.page.locator("[data-testid=stHeader]").is_visible()
    assert page.page.locator("[data-testid=stButton] >> visible=true").count() == 0
    assert page.page.evaluate(BRAND) == "static", "it lies over no text"

    page.page.emulate_media(media="screen", color_scheme="dark")
    page.page.wait_for_function(f"{INK} === 'dark'")
    page.settle()
    assert grave(page, COLOURS) == []
