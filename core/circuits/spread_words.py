"""What a figure would not show: of numbers that hardly differ, how many there are and how far.

Imports no torch.
"""

from typing import TYPE_CHECKING

import numpy as np

from core.results.leading import NOTABLE_NATS
from core.spec.heads import Head
from core.text.numbers import decimal, signed

if TYPE_CHECKING:
    from core.circuits.composition import Composition

STANDS_OUT = 2.0
"""A composition score stands out at twice that of random weights."""
NAMED = 4
"""Scores that are named."""
MOVED = 0.05
"""A change of a head's score that is worth a word."""

MOVED_PROB = 0.0005
"""A change of a probability, a fraction, that is drawn."""


def unmoved_words(what: str, values: np.ndarray) -> str:
    """That none of several contributions changed notably, and their range; "" where one did.

    `values` are in nats, NaN where there is none: where there is no number at all that is said.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return f"No {what} comes after this one."
    if np.abs(known).max() >= NOTABLE_NATS:
        return ""
    low, high = signed(float(known.min()), 2), signed(float(known.max()), 2)
    between = f"all {low}" if low == high else f"{low} to {high}"
    return (
        f"No later {what} changed its own direct contribution by {NOTABLE_NATS:g} nats or more: "
        f"{len(known)} {'changes' if len(known) > 1 else 'change'}, {between} nats."
    )


def unmoved_scores(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether no head's score moved by `MOVED`: two maps of them would be the same picture."""
    return not (np.abs(after - before) >= MOVED).any()


def composition_spread(scores: "Composition") -> str:
    """Which composition scores stand out of what random weights give; or that none does."""
    named = [
        (float(values[layer, head]), f"{name} of {Head(layer, head).label}")
        for name, values in (("Q", scores.query), ("K", scores.key), ("V", scores.value))
        for layer, head in np.ndindex(*values.shape)
        if np.isfinite(values[layer, head])
    ]
    if not named:
        return ""
    named.sort(key=lambda each: -each[0])
    high = [each for each in named if each[0] >= STANDS_OUT * scores.random]
    most, least = decimal(named[0][0], 3), decimal(named[-1][0], 3)
    line = "twice what random weights give"
    if not high:
        return f"None of the {len(named)} scores is {line}: they lie between {least} and {most}."
    listed = ", ".join(f"{what} {decimal(value, 3)}" for value, what in high[:NAMED])
    are = "score is" if len(high) == 1 else "scores are"
    more = " …" if len(high) > NAMED else ""
    return f"{len(high)} of {len(named)} {are} at least {line}: {listed}{more}."
