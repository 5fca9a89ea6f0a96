"""Parse a set of heads that a user typed: "L5H5, L6H9" or "5.5 6.9"."""

import re
from collections.abc import Iterable

from core.errors import InputError
from core.spec.heads import Head, check_head, shortened
from core.text.typed_numbers import WHOLE

MAX_CHARACTERS = 20_000
"""The longest text accepted: enough to name every head of the largest supported model."""

_FIELD = "heads"
_SEPARATOR = re.compile(r"[,;\s]+")
_LAYER = re.compile(rf"L({WHOLE})", re.IGNORECASE)


def parse_heads(
    text: str, shape: tuple[int, int], *, least: int = 1, most: int | None = None
) -> tuple[Head, ...]:
    """The heads in `text`, sorted and distinct, for a model of `shape` (layers, heads a layer).

    Heads are separated by commas, semicolons or white space; L3 is every head of layer 3. Raises
    `InputError` (field "heads") for a part that is no head or layer, a head or layer that the model
    does not have, and fewer than `least` or more than `most` heads.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            _FIELD,
            f"The heads have {len(text):,} characters; at most {MAX_CHARACTERS:,} are taken. "
            "Name fewer.",
        )
    named = [head for part in _SEPARATOR.split(text) if part for head in _heads(part, shape)]
    return checked_heads(named, shape, least=least, most=most)


def heads_text(heads: Iterable[Head]) -> str:
    """Heads as a text that `parse_heads` can read: "L5H5, L6H9"."""
    return ", ".join(head.label for head in heads)


def checked_heads(
    heads: Iterable[Head], shape: tuple[int, int], *, least: int = 1, most: int | None = None
) -> tuple[Head, ...]:
    """A set of heads, sorted and distinct.

    Raises `InputError` (field "heads") in the same cases as `parse_heads`.
    """
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


def _heads(part: str, shape: tuple[int, int]) -> list[Head]:
    """The head that a part of the text names, or all heads of the layer."""
    match = _LAYER.fullmatch(part)
    if match is None:
        return [_head(part)]
    n_layers, n_heads = shape
    layer = int(match[1])
    if layer >= n_layers:
        raise InputError(
            _FIELD, f"This model has no layer {layer}: its layers are L0 to L{n_layers - 1}."
        )
    return [Head(layer, head) for head in range(n_heads)]


def _head(part: str) -> Head:
    try:
        return Head.parse(part)
    except ValueError:  # int() also refuses a number with thousands of digits
        raise InputError(
            _FIELD, f"{shortened(part)!r} is not a head: write it as L9H6 or 9.6."
        ) from None


def _count(count: int) -> str:
    return f"{count:,} head{'' if count == 1 else 's'}"
