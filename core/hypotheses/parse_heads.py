"""Parse a set that a user typed: "L5H5, L6H9", "5.5 6.9", and MLPs such as "MLP3"."""

import re
from collections.abc import Iterable

from core.errors import InputError
from core.spec.heads import Head, shortened
from core.spec.members import Member, Mlp, check_member, counted, heads_of, in_order, mlps_of
from core.text.typed_numbers import WHOLE

MAX_CHARACTERS = 20_000
"""The longest text accepted: enough to name every head of the largest supported model."""

_FIELD = "heads"
_SEPARATOR = re.compile(r"[,;\s]+")
_LAYER = re.compile(rf"L({WHOLE})", re.IGNORECASE)
_MLP = re.compile(rf"MLP({WHOLE})", re.IGNORECASE)
_ROW = re.compile(rf"(?<!\S)L({WHOLE})\s+(MLP|attention)(?![^,;\s])", re.IGNORECASE)
"""What a table calls a whole layer's attention and its MLP: "L3 attention", "L3 MLP"."""


def parse_members(
    text: str, shape: tuple[int, int], *, least: int = 1, most: int | None = None
) -> tuple[Member, ...]:
    """The heads and MLPs in `text`, in order and distinct, for a model of `shape`.

    `shape` is (layers, heads a layer). Members are separated by commas, semicolons or white space.
    MLP3 is the MLP of layer 3, L3 is every head of layer 3; "L3 MLP" and "L3 attention", as tables
    call them, are the same. Raises `InputError` (field "heads") for a part that is none of these,
    for what the model does not have, and for fewer than `least` or more than `most` members.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            _FIELD,
            f"The heads have {len(text):,} characters; at most {MAX_CHARACTERS:,} are taken. "
            "Name fewer.",
        )
    named = [member for part in parts_of(text) for member in _members(part, shape)]
    return checked_members(named, shape, least=least, most=most)


def parse_heads(
    text: str, shape: tuple[int, int], *, least: int = 1, most: int | None = None
) -> tuple[Head, ...]:
    """`parse_members` for what works on heads only; an MLP is refused in the same way."""
    members = parse_members(text, shape, least=least, most=most)
    if mlps := mlps_of(members):
        raise InputError(
            _FIELD, f"{mlps[0].label} is an MLP, and this works on heads only: leave it out."
        )
    return heads_of(members)


def parts_of(text: str) -> list[str]:
    """The parts of a text that each name a member or a layer."""
    one_word = _ROW.sub(lambda row: f"{'MLP' if _is_mlp(row) else 'L'}{row[1]}", text)
    return [part for part in _SEPARATOR.split(one_word) if part]


def heads_text(members: Iterable[Member]) -> str:
    """Heads and MLPs as a text that `parse_members` can read: "L5H5, L6H9, MLP6"."""
    return ", ".join(member.label for member in members)


def checked_members(
    members: Iterable[Member], shape: tuple[int, int], *, least: int = 1, most: int | None = None
) -> tuple[Member, ...]:
    """A set of heads and MLPs, in order and distinct.

    Raises `InputError` (field "heads") in the same cases as `parse_members`.
    """
    chosen = in_order(members)
    for member in chosen:
        check_member(member, shape, "This model", _FIELD)
    if not chosen and least:
        raise InputError(_FIELD, "No head is named: write them as L5H5, L6H9 or 5.5 6.9.")
    if len(chosen) < least:
        raise InputError(
            _FIELD, f"{heads_text(chosen)} is {counted(chosen)}: name at least {least}."
        )
    if most is not None and len(chosen) > most:
        raise InputError(
            _FIELD, f"{counted(chosen)} are named; at most {most:,} are taken. Leave some out."
        )
    return chosen


def _members(part: str, shape: tuple[int, int]) -> list[Member]:
    """The head or MLP that a part of the text names, or all heads of the layer."""
    if (match := _MLP.fullmatch(part)) is not None:
        return [Mlp(int(match[1]))]
    if (match := _LAYER.fullmatch(part)) is None:
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
            _FIELD,
            f"{shortened(part)!r} is not a head or an MLP: write a head as L9H6 or 9.6, an MLP as "
            "MLP9.",
        ) from None


def _is_mlp(row: re.Match[str]) -> bool:
    return row[2].lower() == "mlp"
