"""Words on the page: nothing typed is markup, and every character is there."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from components.words.page_html import quiet_html, words_html
from core.text.numbers import unbroken
from core.text.words import Span, Style

WORDS = st.lists(st.builds(Span, st.text(), st.sampled_from(Style))).map(tuple)


@given(WORDS)
def test_without_its_tags_the_html_is_the_words(said):
    bare = re.sub(r"<[^>]*>", "", words_html(said))
    shown = (s.text if s.style is Style.TOKEN else unbroken(s.text) for s in said)
    assert html.unescape(bare) == html.unescape(html.escape("".join(shown)))
    tags = re.findall(r"<(\w+)", words_html(said))
    assert tags == [
        "b" if span.style is Style.BOLD else "span"
        for span in said
        if span.style is not Style.PLAIN
    ]


def test_a_quiet_line_is_escaped_too():
    assert "<img" not in quiet_html((Span("<img>"),))
