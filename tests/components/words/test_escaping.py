"""Typed text is shown as typed."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from components.words.escaping import as_markdown, token_label
from core.text.numbers import percent, share, signed


@given(st.text(alphabet="*_`$[]()<>#:!~|\\ab1 -"))
def test_markdown_is_escaped_character_by_character(text):
    escaped = as_markdown(text)
    assert re.sub(r"\\(.)", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_`$\[\]<>:#~|]", escaped)


def test_labels_for_plotly_are_short_visible_and_without_math_pairs():
    assert token_label(" <b>x</b>") == "␣&lt;b&gt;x&lt;/b&gt;"
    assert "$x$" not in token_label("$x$")
    assert len(html.unescape(token_label("x" * 100))) == 24


def test_percent_keeps_digits_that_mean_something():
    assert percent(0.4707) == "47.1 %"
    assert percent(0.0004) == "0.04 %"
    assert percent(1e-8) == "1.0e−06 %"
    assert percent(0.0) == "0 %"


def test_signed_has_a_real_minus():
    assert signed(-42.21) == "−42.2"
    assert signed(3.14159, 2) == "+3.14"


def test_shares_have_real_minus_signs_and_no_negative_zero():
    assert [share(v) for v in (-0.123, -0.001, 0.12, 1.4)] == ["−12 %", "0 %", "12 %", "140 %"]
