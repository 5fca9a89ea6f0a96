"""Numbers as people type them: what is written is read back, and only ASCII digits are numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.typed_numbers import decimal_number, whole_number, whole_numbers

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
def test_whatever_is_read_is_ascii(text):
    for found in (whole_number(text), decimal_number(text)):
        assert found is None or (text.strip().isascii() and found == float(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [("50.", 50.0), (".5", 0.5), ("-.5", -0.5), ("1E1", 10.0), ("0.010000000000000002", 0.01)],
)
def test_fractions_are_read_however_people_write_them(text, number):
    assert decimal_number(text) == pytest.approx(number, rel=1e-12)


@pytest.mark.parametrize("text", [".", "1.5.2", "1_0.5", "+1.5", "1,5", "٣.5", "1e5e5"])
def test_what_is_no_fraction(text):
    assert decimal_number(text) is None
