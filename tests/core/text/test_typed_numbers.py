"""Numbers as people type them: what is written is read back, and only ASCII digits are numbers."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text.typed_numbers import (
    MOST_IN_SPANS,
    decimal_number,
    expanded,
    spans,
    whole_number,
    whole_numbers,
)

NO_NUMBERS = [
    *("", " ", "-", "x", "1_0", "+1", "1 0", "0x1", "1-", "--1"),
    *("٣", "３", "²", "Ⅷ", "1٣", "−1", "1\0", "inf", "nan", "9" * 10, "9" * 5000),
]


@given(st.integers(-(10**9) + 1, 10**9 - 1), st.sampled_from(["", " ", "\t"]))
def test_whole_numbers_are_read_as_they_are_written(number, space):
    assert whole_number(f"{space}{number}{space}") == number
    assert decimal_number(f"{number}{space}") == number


@pytest.mark.slow
@given(st.lists(st.integers(0, 10**9 - 1), min_size=1), st.sampled_from([",", ", "]))
def test_lists_are_read_as_they_are_written(numbers, comma):
    assert whole_numbers(comma.join(map(str, numbers))) == tuple(numbers)


@given(st.floats(1e-99, 1e9))
def test_fractions_are_read_as_they_are_written(number):
    assert decimal_number(f"{number:g}") == float(f"{number:g}")


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number(text):
    assert whole_number(text) is decimal_number(text) is None
    assert whole_numbers(text) is whole_numbers(f"0,{text}") is whole_numbers(f"{text},0") is None


@given(st.text(max_size=6))
@example("0\x1f")  # a space to `strip`, and none to `float`
def test_whatever_is_read_is_ascii(text):
    for found in (whole_number(text), decimal_number(text)):
        bare = text.strip()
        assert found is None or (bare.isascii() and found == float(bare))


@pytest.mark.parametrize(
    ("text", "number"),
    [("50.", 50.0), (".5", 0.5), ("-.5", -0.5), ("1E1", 10.0), ("0.010000000000000002", 0.01)],
)
def test_fractions_are_read_however_people_write_them(text, number):
    assert decimal_number(text) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize("text", [".", "1.5.2", "1_0.5", "+1.5", "1,5", "٣.5", "1e5e5"])
def test_what_is_no_fraction(text):
    assert decimal_number(text) is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), min_size=1))
def test_spans_are_all_their_numbers_once(starts):
    ends = [(first, first + length) for first, length in starts]
    numbers = {number for first, last in ends for number in range(first, last + 1)}
    assert expanded(ends) == tuple(sorted(numbers))
    assert spans(",".join(f"{first}-{last}" for first, last in ends)) == expanded(ends)


def test_the_same_span_many_times_costs_as_much_as_once():
    """The text that was found: 800 times "0-999999," was a minute of processor."""
    before = time.process_time()
    assert spans(",".join(["0-99999"] * 2000)) == tuple(range(MOST_IN_SPANS))
    assert spans(",".join(["0-999999"] * 800)) is None
    assert spans("0," * 1_000_000 + "0") is whole_numbers("0," * 1_000_000 + "0") is None
    assert time.process_time() - before < 1.0
