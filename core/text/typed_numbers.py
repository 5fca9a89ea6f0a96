"""Numbers that people type, in ASCII digits alone.

Python's own `int` and `float` also read `1_0`, `+1` and digits of other scripts, which nobody means
in a list of positions or in an address.
"""

import re
from collections.abc import Iterable

WHOLE = r"[0-9]{1,9}"
"""The pattern of a whole number from 0: no position, layer or head has more digits."""

MOST_CHARACTERS = 20_000
"""A list that is typed is never as long; a longer text is not looked at."""

_WHOLE = re.compile(rf"-?{WHOLE}")
_DECIMAL = re.compile(
    rf"-?(?:{WHOLE}(?:\.[0-9]{{0,40}})?|\.[0-9]{{1,40}})(?:e[-+]?[0-9]{{1,2}})?",
    re.IGNORECASE | re.ASCII,
)


def whole_number(text: str) -> int | None:
    """The whole number that a text is, spaces around it aside; None where it is none.

    A minus is read, so that whoever asks for a number from 0 can say what is wrong.
    """
    typed = text.strip()
    return int(typed) if _WHOLE.fullmatch(typed) else None


def decimal_number(text: str) -> float | None:
    """The same for a number with or without a fraction, such as ".5", "50." and "1e1"."""
    typed = text.strip()
    return float(typed) if _DECIMAL.fullmatch(typed) else None


def whole_numbers(text: str) -> tuple[int, ...] | None:
    """The numbers of a list with commas, such as "0,3,5"; None where a part of it is no number.

    None also for a text that is longer than any that is typed.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    found = [whole_number(part) for part in text.split(",")]
    return None if None in found else tuple(number for number in found if number is not None)


MOST_IN_SPANS = 100_000
"""More numbers than these are not listed: no prompt or model has as many."""


def spans(text: str) -> tuple[int, ...] | None:
    """The numbers of a list of spans with commas, such as "2-6" or "0,3-5"; None for another text.

    Both ends of a span are in it. The numbers are in order, each once.
    """
    ends = []
    for part in text.split(",") if len(text) <= MOST_CHARACTERS else [""]:
        first, dash, last = part.strip().partition("-")
        pair = whole_number(first), whole_number(last) if dash else whole_number(first)
        if pair[0] is None or pair[1] is None or pair[1] < pair[0]:
            return None
        ends.append((pair[0], pair[1]))
    return expanded(ends)


def expanded(ends: Iterable[tuple[int, int]]) -> tuple[int, ...] | None:
    """The numbers of some spans, each once and in order; None if they are too many to list.

    Spans that meet are made one before anything is listed: hundreds of them may be the same
    hundred thousand numbers.
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ends):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    if sum(last - first + 1 for first, last in merged) > MOST_IN_SPANS:
        return None
    return tuple(number for first, last in merged for number in range(first, last + 1))
