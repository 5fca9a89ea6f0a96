"""Lines that fit: nothing is longer than its room, and nothing is cut that fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.figures.base.fitting import cut, fitted, mono, sans, shortened, wrapped

WORDS = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=300)
ROOM, SIZE = 400.0, 12.0


@pytest.mark.slow
@given(WORDS)
def test_what_is_cut_fits_and_what_fits_is_whole(text):
    for fit, width in ((fitted, sans), (shortened, mono)):
        line = fit(text, ROOM, SIZE)
        assert width(line, SIZE) <= ROOM
        assert (line == text) == (width(text, SIZE) <= ROOM)


@pytest.mark.slow
@given(st.lists(WORDS.filter(str.strip), min_size=1, max_size=6))
def test_wrapped_lines_fit(parts):
    assert all(sans(line, SIZE) <= ROOM for line in wrapped(parts, ROOM, SIZE))


def test_wrapped_lines_break_between_parts_then_between_words():
    assert list(wrapped(["one", "two", "three"], 1000, SIZE)) == ["one · two · three"]
    broad = sans("one · two", SIZE)
    assert list(wrapped(["one", "two", "three"], broad, SIZE)) == ["one · two", "three"]
    assert list(wrapped(["one two", "three"], sans("three", SIZE), SIZE)) == ["one", "two", "three"]


def test_a_shortened_text_keeps_both_its_ends():
    line = shortened("begin " + "x" * 200 + " end", ROOM, SIZE)
    assert line.startswith("begin ")
    assert line.endswith(" end")
    assert " … " in line


@pytest.mark.parametrize(("text", "limit", "line"), [("abc", 3, "abc"), ("abcd", 3, "ab…")])
def test_a_name_is_cut_by_characters(text, limit, line):
    assert cut(text, limit) == line


def test_signs_of_chinese_and_the_visible_space_are_broader():
    assert mono("漢字", SIZE) > mono("ab", SIZE)
    assert sans("漢字", SIZE) > sans("ab", SIZE)
    assert mono("␣", SIZE) > mono("a", SIZE)
