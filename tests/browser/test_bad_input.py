"""Bad input in a real browser: nothing typed is rendered, or run, anywhere on the page."""

from dataclasses import replace

from support.addresses import address
from support.hostile import MARKUP

from core.demo import example

HOSTILE = replace(example.SPEC, prompt=MARKUP, target="<b>", foil="$x$")


def nothing_is_rendered(page) -> None:
    assert page.page.locator("img[src=x]").count() == 0
    assert page.page.locator(".katex, .MathJax").count() == 0
    assert page.page.locator("a[href^=javascript]").count() == 0


def type_half_a_character(page) -> None:
    """A lone surrogate, which no keyboard gives."""
    box = page.page.locator(".st-key-prompt textarea")
    box.evaluate(
        """box => {
          const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;
          set.call(box, 'half \\ud83d of it');
          box.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    box.blur()
    page.settle()


def test_html_markdown_and_math_are_shown_as_typed(new_tab, server):
    page = new_tab()
    page.visit(address(server, HOSTILE, head="L0H0"))
    page.wait_text("head_detail", "L0H0 ablated")
    nothing_is_rendered(page)
    strip = "".join(page.page.locator(".hs-tok:not(.target)").all_inner_texts())
    assert "<img␣src=x␣onerror=alert(1)>␣**bold**␣$x^2$" in strip
    page.click_button("clear_head")
    assert "<b>" in page.text("baseline")

    page.type_prompt("something else")
    page.wait_text("situation", "**bold**")
    nothing_is_rendered(page)

    type_half_a_character(page)
    assert page.page.locator("[data-testid=stException]").count() == 0
