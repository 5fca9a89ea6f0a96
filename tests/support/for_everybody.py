"""A page by the rules of axe-core, in light and dark; its heading and title; and on paper.

For a page that a test of something else has opened: most of what it would cost is to open one.
"""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from support.dashboard_page import DashboardPage

GRAVE = ("serious", "critical")
FOUND = """rules => axe.run(document, {resultTypes: ['violations'], ...rules}).then(found =>
  found.violations.map(each => [each.impact, each.id, each.nodes.map(node => node.html)]))"""
COLOURS = {"runOnly": ["color-contrast"]}
"""All that differs between the themes."""
INK = "getComputedStyle(document.documentElement).getPropertyValue('--hs-scheme').trim()"
SHEET = 688
"""Pixels between the margins of an A4 sheet."""
WIDE = """sheet => Array.from(document.querySelectorAll('.js-plotly-plot, .hs-grid'),
  each => each.getBoundingClientRect()).filter(box => box.right > sheet + 1).length"""
BRAND = "getComputedStyle(document.querySelector('.hs-brand')).position"


def shuts_nobody_out(page: DashboardPage, title: str) -> None:
    """Check the page that has that title; it is narrow and dark afterwards."""
    page.settle()
    page.page.evaluate(AXE_SCRIPT)
    assert (found := _grave(page, {})) == [], found
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
    assert _grave(page, COLOURS) == []


def _grave(page: DashboardPage, rules: dict[str, Any]) -> list[Any]:
    found = page.page.evaluate(FOUND, rules)
    return [(name, parts) for impact, name, parts in found if impact in GRAVE]
