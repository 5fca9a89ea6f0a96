"""What is typed in the composer's fields, read and written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.state.answer_syntax import (
    as_positions,
    parse_answer,
    parse_positions,
    positions_text,
    typed_answer,
)
from core.errors import InputError

TOKENS = st.text("|\\ ab\n", min_size=1, max_size=6).filter(lambda text: text.strip(" "))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (" jumps", " jumps"),
        (" Mary| John", (" Mary", " John")),
        ("33|34|35", ("33", "34", "35")),
        ("|", "|"),
        (" |", " |"),
        ("a||b", "a||b"),
        (r"a\|b", "a|b"),
        (r"a\\|b", ("a\\", "b")),
        (r"\|| x", ("|", " x")),
        (r"\n", r"\n"),
        ("", ""),
    ],
)
def test_bars_separate_the_members_of_an_answer_set(typed, answer):
    assert parse_answer(typed) == answer


@pytest.mark.slow
@given(TOKENS)
def test_any_one_token_can_be_typed(token):
    assert parse_answer(typed_answer(token)) == token


@pytest.mark.slow
@given(st.lists(TOKENS, min_size=2, max_size=4))
def test_any_answer_set_can_be_typed(members):
    assert parse_answer(typed_answer(tuple(members))) == tuple(members)


def test_no_foil_is_an_empty_box():
    assert typed_answer(None) == ""


@pytest.mark.parametrize(
    ("typed", "positions"),
    [
        ("0", (0,)),
        ("0, 3, 5-9", (0, 3, 5, 6, 7, 8, 9)),
        ("9,3;3", (3, 9)),
        (" 2 – 4 ", (2, 3, 4)),
        ("1,", (1,)),
    ],
)
def test_positions_are_numbers_and_ranges(typed, positions):
    assert parse_positions(typed) == positions


@pytest.mark.parametrize(
    "typed",
    [
        *("", "  ", "x", "-1", "3-", "1.5", "0,,2", "5-3", "9" * 30),
        *("1_0", "+1", "0, ٣", "３", "²", "1-٣"),
    ],
)
def test_what_is_no_position_is_said_at_the_positions(typed):
    with pytest.raises(InputError) as caught:
        parse_positions(typed)
    assert caught.value.field == "positions"


def test_a_huge_range_is_refused_before_it_is_made():
    with pytest.raises(InputError, match="past the end"):
        parse_positions("0-999999999")


@pytest.mark.slow
@given(st.sets(st.integers(0, 300), min_size=1))
def test_positions_are_written_as_they_are_read(positions):
    assert parse_positions(positions_text(positions)) == tuple(sorted(positions))


def test_runs_of_three_or_more_are_written_as_ranges():
    assert positions_text([9, 0, 5, 6, 7, 1]) == "0, 1, 5-7, 9"


def test_the_choice_of_positions():
    assert as_positions("all", "3") == "all"
    assert as_positions("last", "") == "last"
    assert as_positions("chosen", "3") == (3,)
