"""What is written on buttons can be read on a phone; in both themes: test_first_open.py."""

CUT = """() => [...document.querySelectorAll('.st-key-verdict button')]
  .filter(button => button.offsetParent !== null)
  .map(button => button.querySelector('[data-testid=stMarkdownContainer]'))
  .map(text => [text.innerText, text.scrollWidth > text.clientWidth])"""
"""Streamlit draws a button with a hint twice, and shows one of the two."""


def test_a_verdict_s_buttons_are_whole_on_a_phone(open_page, server):
    page = open_page(width=390, url=f"{server}/?head=L1H0")
    page.page.wait_for_function("document.querySelectorAll('.st-key-verdict button').length > 2",
                                timeout=60_000)  # fmt: skip
    found = page.page.evaluate(CUT)
    assert found
    assert not [name for name, is_cut in found if is_cut], found
