"""Tables as CSV: read back they are what was written, and no cell is a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.csv_form import csv_text

FORMULAS = (
    "=1+1",
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1",
    "\n=1",
    "  =1",
    "＝1",
)


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_is_a_formula(formula):
    (row,) = read(csv_text(("model",), [{"model": formula}]))
    assert row["model"] == "'" + formula


def test_a_carriage_return_alone_ends_no_row():
    assert csv_text(("a",), [{"a": "\r=1\r"}]) == "a\n\\r=1\\r\n"


def test_numbers_keep_their_signs_and_lists_are_json():
    row = {"change": -0.25, "top": [["=", 0.5]], "foil": None}
    assert csv_text(tuple(row), [row]) == 'change,top,foil\n-0.25,"[[""="", 0.5]]",\n'


@given(st.lists(st.text(st.characters(exclude_characters="\r\0", codec="utf-8"))))
def test_every_other_text_comes_back(texts):
    for text, row in zip(
        texts, read(csv_text(("a",), [{"a": each} for each in texts])), strict=True
    ):
        assert row["a"] in (text, "'" + text)
        assert row["a"].lstrip()[:1] not in tuple("=+-@")
