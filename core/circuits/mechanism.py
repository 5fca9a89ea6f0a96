"""How a head's effect reaches the answer, judged from the parts of it. Imports no torch.

Four carriers make up the total: what the head writes itself, norms held; later heads and MLPs; the
final norm's scale; and what is not linear, the curve of log odds or of an answer set above all.
Only heads and MLPs are called later components: a norm and a curve follow every head.
"""

from collections.abc import Mapping
from enum import StrEnum

from core.results.leading import NOTABLE_NATS

KEPT = 0.5
"""The answer is kept if it has at least this share of its clean probability."""
MOST = 2 / 3
"""A carrier with this share of all that goes one way carries the effect."""


class Carrier(StrEnum):
    """What a part of an effect is carried by."""

    DIRECT = "direct"
    LATER = "later components"
    NORM = "final norm"
    NOT_LINEAR = "not linear"


class Mechanism(StrEnum):
    """How a head's effect reaches the answer, judged from its direct and its total effect."""

    SMALL = "small"
    """The total is below the minimum, and nothing notable goes against the direct effect."""
    DIRECT = "direct"
    HALF = "half and half"
    """Between a third and two thirds directly, and as much through later components."""
    LATER = "later components"
    NORM = "final norm"
    """By the change of the final norm's scale."""
    NOT_LINEAR = "not linear"
    """By the curve of log odds, of an answer set or of a soft cap: no route of its own."""
    SEVERAL = "several routes"
    """No carrier has two thirds of it, and it is not half and half."""
    REPAIRED = "self-repair"
    """What comes after the head makes up for a part of what the answer loses directly."""
    GIVEN_BACK = "gain given back"
    """Ablating it helps the answer directly; what comes after it takes a part of that back."""
    OUTWEIGHED = "outweighed"
    """As one of these two, but what comes after it is more than all of the direct effect."""
    OFFSET = "offset"
    """As one of these three, but in an early layer, with an answer that was not kept, or by what is
    not linear alone."""


COMPENSATED = frozenset(
    {Mechanism.REPAIRED, Mechanism.GIVEN_BACK, Mechanism.OUTWEIGHED, Mechanism.OFFSET}
)
"""Where what comes to the direct effect goes against it and leaves less of it."""

_CARRIED = {
    Carrier.DIRECT: Mechanism.DIRECT,
    Carrier.LATER: Mechanism.LATER,
    Carrier.NORM: Mechanism.NORM,
    Carrier.NOT_LINEAR: Mechanism.NOT_LINEAR,
}


def carriers(direct: float, parts: Mapping[str, float]) -> dict[Carrier, float]:
    """An effect by what carries it, in nats: its direct part, norms frozen, and the others.

    `parts` are those of `DirectEffect.parts`.
    """
    return {
        Carrier.DIRECT: direct,
        Carrier.LATER: parts["later_heads"] + parts["later_mlps"],
        Carrier.NORM: parts["final_norm"],
        Carrier.NOT_LINEAR: parts["left"],
    }


def mechanism_of(
    carried: Mapping[Carrier, float], *, in_last_third: bool, keeps_answer: bool
) -> Mechanism:
    """How an effect reaches the answer, from what carries it, in nats (see `carriers`).

    A direct effect is compensated if it and the rest are at least `NOTABLE_NATS`, their signs are
    opposite, and less is left than there was: else an early head on which everything depends would
    count. Otherwise a total below `NOTABLE_NATS` has no route, whatever its direct part; what
    carries a larger one is the carrier with two thirds of all that goes the total's way.
    """
    direct, total = carried[Carrier.DIRECT], sum(carried.values())
    if _opposes(total - direct, direct) and abs(total) < abs(direct):
        followed = carried[Carrier.LATER] + carried[Carrier.NORM]
        if not (in_last_third and keeps_answer and _opposes(followed, direct)):
            return Mechanism.OFFSET
        if total * direct < 0:
            return Mechanism.OUTWEIGHED
        return Mechanism.REPAIRED if direct < 0 else Mechanism.GIVEN_BACK
    if abs(total) < NOTABLE_NATS:
        return Mechanism.SMALL
    shares = shares_of(carried, total)
    largest = max(shares, key=shares.__getitem__)
    if shares[largest] >= MOST:
        return _CARRIED[largest]
    half = min(shares.get(Carrier.DIRECT, 0.0), shares.get(Carrier.LATER, 0.0))
    return Mechanism.HALF if half > 1 - MOST else Mechanism.SEVERAL


def shares_of(carried: Mapping[Carrier, float], total: float) -> dict[Carrier, float]:
    """The carriers that go the way of `total`, each with its share of them all, largest first."""
    along = {each: abs(value) for each, value in carried.items() if value * total > 0}
    whole = sum(along.values())
    return {each: along[each] / whole for each in sorted(along, key=lambda each: -along[each])}


def _opposes(value: float, direct: float) -> bool:
    return min(abs(direct), abs(value)) >= NOTABLE_NATS and direct * value < 0
