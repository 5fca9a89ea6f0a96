"""The address of an attention head, and the labels people give it."""

import re
from typing import NamedTuple

from core.errors import InputError
from core.text.typed_numbers import WHOLE

_SHOWN = 40
_LABEL = re.compile(rf"L?({WHOLE})[H.]({WHOLE})", re.IGNORECASE)


class Head(NamedTuple):
    """One query head: layer and head both count from 0."""

    layer: int
    head: int

    @property
    def label(self) -> str:
        """The field's usual name, such as L9H6."""
        return f"L{self.layer}H{self.head}"

    def within(self, shape: tuple[int, int]) -> bool:
        """Whether a model of `shape` (layers, heads a layer) has it."""
        return 0 <= self.layer < shape[0] and 0 <= self.head < shape[1]

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read "L9H6" or "9.6"; a ValueError says what was seen otherwise."""
        match = _LABEL.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{shortened(text)!r} is not a head: write it as L9H6 or 9.6.")
        return cls(int(match[1]), int(match[2]))


def shortened(text: str) -> str:
    """A label as a message quotes it: the beginning of one with thousands of digits."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def all_heads(n_layers: int, n_heads: int) -> list[Head]:
    """Every head of a model, layer by layer."""
    return [Head(layer, head) for layer in range(n_layers) for head in range(n_heads)]


def check_head(head: Head, shape: tuple[int, int], model: str, field: str = "head") -> None:
    """Raise an `InputError` for a head that a model of `shape` (layers, heads) does not have."""
    if not head.within(shape):
        last = Head(shape[0] - 1, shape[1] - 1)
        raise InputError(
            field, f"{model} has no {shortened(head.label)}: its heads are L0H0 to {last.label}."
        )
