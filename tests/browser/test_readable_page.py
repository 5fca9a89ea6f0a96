"""Numbers are shown where there is room for them; colours in both themes: test_first_open.py."""

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
