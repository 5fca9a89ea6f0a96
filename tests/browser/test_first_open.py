"""The page before anyone has clicked, as a browser lays it out and paints it."""

import math

from core.demo import example


def colours_of_zero(page) -> list[str]:
    scale = page.plot("gd.data.find(t => t.type === 'heatmap').colorscale")
    return [colour for stop, colour in scale if abs(stop - 0.5) < 1e-6]


def bars_are_as_long_as_the_tokens_are_likely(page) -> None:
    drawn = page.page.evaluate(
        "Array.from(document.querySelectorAll('.hs-bars .b'),"
        " (each) => each.firstElementChild.offsetWidth / each.offsetWidth)"
    )
    likeliest = [prob for _, prob in example.saved().baseline.top[: len(drawn)]]
    assert len(drawn) > 1
    assert all(math.isclose(*both, abs_tol=0.02) for both in zip(drawn, likeliest, strict=True))


def test_the_page_is_in_proportion_in_its_colours_and_nothing_is_clipped(page):
    bars_are_as_long_as_the_tokens_are_likely(page)
    top, bottom = page.cell_at(0, 0), page.cell_at(1, 0)
    assert top[1] < bottom[1], "layer 0 is at the top"
    assert colours_of_zero(page) == ["#fbfaf8"]

    for width in (1440, 800):
        page.resize(width)
        assert page.overflow(".stMain") <= 0
        plot = page.page.locator(".st-key-heatmap .js-plotly-plot").bounding_box()
        assert plot["x"] + plot["width"] <= width


def test_the_dark_theme_colours_zero_as_the_page(open_page):
    assert colours_of_zero(open_page(scheme="dark")) == ["#15161a"]
