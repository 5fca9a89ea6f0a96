"""Options that are numbers, in ASCII digits alone: what the terminal reads is what was meant.

Typer's own reading takes `1_0` for 10 (see `core.text.typed_numbers`).
"""

import math
from typing import Any

import typer

from core.spec.heads import shortened
from core.text.typed_numbers import decimal_number, whole_number


def whole_option(help: str, lowest: int | None = None, highest: int | None = None) -> Any:
    """An option that takes a whole number, from `lowest` to `highest` where these are given."""
    ends = (lowest, highest) if lowest is not None and highest is not None else None
    shown = "<int>" if ends is None else f"<{ends[0]} to {ends[1]}>"
    least = -math.inf if lowest is None else lowest

    def parse(given: object) -> int:
        number = whole_number(str(given))
        if number is None:
            raise ValueError(f"{shortened(str(given))!r} is no whole number: write digits alone")
        if ends is not None and not ends[0] <= number <= ends[1]:
            raise ValueError(f"{number} is not from {ends[0]} to {ends[1]}")
        if number < least:
            raise ValueError(f"{number} is below {least}")
        return number

    return typer.Option(help=help, parser=parse, metavar=shown)


def decimal_option(help: str) -> Any:
    """An option that takes a number with or without a fraction."""

    def parse(given: object) -> float:
        number = decimal_number(str(given))
        if number is None:
            raise ValueError(f"{shortened(str(given))!r} is no number: write it as 0.25")
        return number

    return typer.Option(help=help, parser=parse, metavar="<float>")
