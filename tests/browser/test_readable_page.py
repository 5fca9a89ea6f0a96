"""What is written on buttons can be read on a phone; in both themes: test_first_open.py."""

CUT = """() => [...document.querySelectorAll('.st-key-verdict button')]
  .filter(button => button.offsetParent !== null)
  .map(button => button.querySelector('[data-testid=stMarkdownContainer]'))
  .map(text => [text.innerText, text.scrollWidth > text.clientWidth])"""
"""Streamlit draws a button with a hint twice, and shows one of the two."""


NUMBERS = """key => [...new Set(Array.from(
    document.querySelectorAll(`[class*="st-key-${key}"] .scatterlayer text`),
    text => getComputedStyle(text).visibility))]"""


def test_numbers_leave_cells_that_are_too_narrow_for_them_and_come_back(open_page, server):
    page = open_page(width=390, url=f"{server}/?head=L1H0&view=path-patching")
    page.wait_text("view_path-patching", "Composition scores")
    for width, seen in ((390, "hidden"), (1280, "visible"), (390, "hidden")):
        page.page.set_viewport_size({"width": width, "height": 900})
        page.page.wait_for_function(
            f"([key, seen]) => JSON.stringify(({NUMBERS})(key)) === JSON.stringify([seen])",
            arg=["composition", seen],
        )
    shown = "getComputedStyle(document.querySelector('.hs-cell-text')).visibility"
    assert page.page.evaluate(shown) == "visible", "the heatmap's cells have room"


def test_a_verdict_s_buttons_are_whole_on_a_phone(open_page, server):
    page = open_page(width=390, url=f"{server}/?head=L1H0")
    page.page.wait_for_function("document.querySelectorAll('.st-key-verdict button').length > 2",
                                timeout=60_000)  # fmt: skip
    found = page.page.evaluate(CUT)
    assert found
    assert not [name for name, is_cut in found if is_cut], found
