"""HTML of the page: nothing typed is markup, and every character is there."""

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

import components
import pages
from components.widgets.page.html import show_html
from components.words.markup import fill, joined_html, quiet_html, words_html
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


@given(st.text())
def test_a_text_has_no_markup_and_loses_nothing(text):
    safe = escape(text)
    assert not re.search(r"[<>\"']", safe)
    assert html.unescape(safe) == text or "&" in text


@given(st.text(), st.text())
def test_what_is_filled_in_or_joined_is_escaped_once(text, between):
    filled = fill('<b title="{said}">{said}</b>', said=text)
    assert filled == f'<b title="{escape(text)}">{escape(text)}</b>'
    assert fill("<i>{}</i>", filled) == f"<i>{filled}</i>"
    assert joined_html([text, filled], between) == escape(text) + escape(between) + filled


def test_a_plain_string_does_not_come_through_the_door():
    with pytest.raises(TypeError, match="Only Markup"):
        show_html("<b>typed</b>")  # type: ignore[arg-type]


def test_there_is_one_door():
    """But for the style sheet and the scripts, which hold nothing that anyone types."""
    own = {"html.py", "page_script.py", "style.py"}
    for package in (components, pages):
        for path in Path(package.__file__).parent.rglob("*.py"):
            source = path.read_text()
            doors = re.search(r"\.html\(|unsafe_allow_html|allow_unsafe|components\.v1", source)
            assert doors is None or (path.parent.name == "page" and path.name in own), path
