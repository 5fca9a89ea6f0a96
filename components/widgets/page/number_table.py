"""Tables of numbers as people read them: real minus signs, and sorted as the numbers they are."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

from core.text.numbers import decimal, signed

Written = Callable[[float], str]
"""How the numbers of one column are written."""


def with_sign(digits: int) -> Written:
    """A change: with its sign, and so many digits after the point."""
    return partial(signed, digits=digits)


def without_sign(digits: int) -> Written:
    """A level: a sign only below 0."""
    return partial(decimal, digits=digits)


def number_table(frame: pd.DataFrame, written: Mapping[str, Written]) -> Styler:
    """A table whose columns in `written` are shown so; its values, and their order, stay numbers.

    Streamlit's own formats write a hyphen for a minus sign. A number that is missing is a dash.
    """
    formats: dict[Any, Any] = dict(written)
    return frame.style.format(formats, na_rep="–")
