"""From page to page in one session: nothing chosen or typed is lost, however quickly one goes."""

import pytest

PRESSED = """key => Array.from(document.querySelectorAll(
  `.st-key-${key} button[aria-checked=true]`), b => b.innerText.trim())"""


@pytest.mark.parametrize("title", ["Patching", "Hypothesis"])
def test_a_tab_goes_straight_to_another_page(open_page, title):
    for _ in range(2):  # the second tab finds everything loaded, and is quicker
        page = open_page()
        page.go(title)
        page.wait_text("composer", "Mean-across-heads ablation, every position")
        page.go("Sweep")
        page.wait_heatmap()
        page.wait_text("in_words", "Mean-across-heads ablation, every position")


def test_what_is_chosen_and_typed_is_the_same_on_every_page(page):
    page.wait_live()
    page.type_prompt("red green blue red green")
    page.type("target", " blue")
    page.type("foil", " red")
    page.choose("ablation", "zero")
    page.choose("positions", "last")
    page.choose("metric", "log odds")
    for title in ("Patching", "Hypothesis", "Sweep"):
        page.go(title)
        page.wait_text("in_words", "Zero ablation, the prompt's last position")
        assert page.page.locator(".st-key-prompt textarea").input_value() == (
            "red green blue red green"
        )
        assert page.page.locator(".st-key-target input").input_value() == " blue"
        assert page.page.locator(".st-key-foil input").input_value() == " red"
        assert page.page.evaluate(PRESSED, "ablation") == ["zero"]
        assert page.page.evaluate(PRESSED, "positions") == ["last"]
    assert page.page.evaluate(PRESSED, "metric") == ["log odds"]
