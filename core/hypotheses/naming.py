"""A set of heads as people type it: "L5H5, L6H9" or "5.5 6.9"."""

import re
from collections.abc import Iterable

from core.errors import InputError
from core.spec.heads import Head, check_head, shortened

MAX_CHARACTERS = 20_000
"""More than naming every head of the largest supported model takes."""

_FIELD = "heads"
_SEPARATOR = re.compile(r"[,;\s]+")


def parse_heads(
    text: str, shape: tuple[int, int], *, least: int = 1, most: int | None = None
) -> tuple[Head, ...]:
    """The heads named, sorted and distinct, in a model of `shape` (layers, heads a layer).

    Commas, semicolons and white space separate. Raises `InputError` (field "heads") for what is no
    head, a head that the model does not have, and fewer than `least` or more than `most`.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            _FIELD,
            f"The heads have {len(text):,} characters; at most {MAX_CHARACTERS:,} are taken. "
            "Name fewer.",
        )
    named = [_head(part) for part in _SEPARATOR.split(text) if part]
    return checked_heads(named, shape, least=least, most=most)


def heads_text(heads: Iterable[Head]) -> str:
    """Heads as `parse_heads` reads them: "L5H5, L6H9"."""
    return ", ".join(head.label for head in heads)


def checked_heads(
    heads: Iterable[Head], shape: tuple[int, int], *, least: int = 1, most: int | None = None
) -> tuple[Head, ...]:
    """A set of heads, sorted and distinct; raises `InputError` (field "heads") as `parse_heads`."""
    chosen = tuple(sorted(set(heads)))
    for head in chosen:
        check_head(head, shape, "This model", _FIELD)
    if not chosen and least:
        raise InputError(_FIELD, "No head is named: write them as L5H5, L6H9 or 5.5 6.9.")
    if len(chosen) < least:
        raise InputError(
            _FIELD, f"{heads_text(chosen)} is {_count(len(chosen))}: name at least {least}."
        )
    if most is not None and len(chosen) > most:
        raise InputError(
            _FIELD, f"{_count(len(chosen))} are named; at most {most:,} are taken. Leave some out."
        )
    return chosen


def _head(part: str) -> Head:
    try:
        return Head.parse(part)
    except ValueError:  # also a number of thousands of digits, which int() refuses
        raise InputError(
            _FIELD, f"{shortened(part)!r} is not a head: write it as L9H6 or 9.6."
        ) from None


def _count(count: int) -> str:
    return f"{count:,} head{'' if count == 1 else 's'}"
