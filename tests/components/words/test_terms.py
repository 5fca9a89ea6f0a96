"""Marked terms: tags and nothing else, escaped, and never within a token."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import IMAGE

from components.widgets.page.page_script import page_scripts
from components.words.markup import quiet_html, terms_html, words_html
from components.words.terms import term, with_terms
from core.text.glossary import TERMS
from core.text.words import Span, Style, bold, phrase, token, warning

SOME = st.sampled_from(["head", " pp", "“", "”", "KL", " the log odds", "<b>", "&amp;", "␣"])
TEXTS = st.lists(st.one_of(SOME, st.text(max_size=3))).map("".join)
WORDS = st.lists(st.builds(Span, TEXTS, st.sampled_from(Style))).map(tuple)


def without_terms(markup: str) -> str:
    return re.sub(r"</?dfn\b[^>]*>", "", markup)


def marked_in(markup: str) -> list[str]:
    return re.findall(r'<dfn class="hs-term" tabindex="0" data-term="([a-z0-9-]+)">', markup)


@given(WORDS)
def test_without_its_marks_it_is_what_words_are(said):
    assert without_terms(terms_html(said)) == words_html(said)


@given(TEXTS)
def test_a_text_is_escaped_and_loses_nothing(text):
    bare = without_terms(with_terms(text))
    assert html.unescape(bare) == html.unescape(html.escape(text))
    assert "<" not in bare


def test_a_token_is_no_term_and_a_block_marks_each_once():
    said = phrase(bold("On this prompt"), " a head, ", token("head"), warning("no head, no layer"))
    assert marked_in(terms_html(said)) == ["prompt", "attention-head", "layer"]
    assert marked_in(quiet_html(said)) == ["prompt", "attention-head", "layer"]


def test_hostile_text_stays_text():
    made = with_terms(f"a head {IMAGE} layer")
    assert IMAGE not in made
    assert marked_in(made) == ["attention-head", "layer"]


def test_a_term_is_marked_by_hand():
    assert term("pp") == '<dfn class="hs-term" tabindex="0" data-term="pp">pp</dfn>'
    assert marked_in(term("key")) == ["key"]  # which no text is searched for


def test_words_that_are_no_term_are_refused():
    with pytest.raises(KeyError):
        term("the weather")


def test_the_page_s_script_knows_every_term_and_cannot_be_ended_by_one():
    script = page_scripts()
    for each in TERMS:
        assert f'"{each.slug}": ["{each.name}"' in script
    assert script.count("</script") == 1
