"""The page before anyone has clicked, as a browser lays it out and paints it."""

import math
import re

from core.demo import example

COLOURS = """keys => keys.map(key => {
  const button = document.querySelector(`.st-key-${key} button`);
  const text = getComputedStyle(button.querySelector('p') ?? button).color;
  return [text, getComputedStyle(button).backgroundColor];
})"""


def colours_of_zero(page) -> tuple[str, str]:
    """The middle of the colour bar, and the page."""
    ramp, ground = page.page.evaluate(
        "() => [document.querySelector('.hs-grid-ramp'), document.querySelector('.stApp')]"
        ".map((each) => getComputedStyle(each))"
        ".map((style) => style.backgroundImage.match(/rgb\\([^)]*\\)/g) ?? style.backgroundColor)"
    )
    return ramp[len(ramp) // 2], ground


def luminance(colour):
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
              for c in (red, green, blue))  # fmt: skip
    return sum(part * share for part, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def the_text_of_the_primary_button_stands_out(page) -> None:
    ((text, ground),) = page.page.evaluate(COLOURS, ["run"])
    low, high = sorted((luminance(text), luminance(ground)))
    assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


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
    assert colours_of_zero(page) == ("rgb(251, 250, 248)", "rgb(251, 250, 248)")
    the_text_of_the_primary_button_stands_out(page)

    for width in (1440, 800):
        page.resize(width)
        assert page.overflow(".stMain") <= 0
        plot = page.page.locator(".st-key-heatmap .hs-grid").bounding_box()
        assert plot["x"] + plot["width"] <= width


def test_the_dark_theme_colours_zero_as_the_page_and_its_button_can_be_read(open_page):
    page = open_page(scheme="dark")
    assert colours_of_zero(page) == ("rgb(21, 22, 26)", "rgb(21, 22, 26)")
    the_text_of_the_primary_button_stands_out(page)
