"""How a head's effect reaches the answer, in a word and in a sentence. Imports no torch."""

from enum import StrEnum
from typing import TYPE_CHECKING

from core.results.leading import NOTABLE_NATS
from core.results.metrics import LOGIT_DIFF
from core.text.numbers import percent, share, signed

if TYPE_CHECKING:
    from core.circuits.direct_effect import DirectEffect

KEPT = 0.5
"""The answer is kept if it has at least this share of its clean probability."""


class Mechanism(StrEnum):
    """How a head's effect reaches the answer, judged from its direct and its total effect."""

    SMALL = "small"
    DIRECT = "direct"
    HALF = "half and half"
    LATER = "later components"
    REPAIRED = "self-repair"
    """What comes after the head makes up for a part of what the answer loses directly."""
    GIVEN_BACK = "gain given back"
    """Ablating it helps the answer directly; what comes after it takes a part of that back."""
    OFFSET = "offset"
    """As one of these two, but in an early layer, or with an answer that was not kept."""


def mechanism_of(
    total: float, direct: float, *, in_last_third: bool, keeps_answer: bool
) -> Mechanism:
    """How an effect reaches the answer, from its total and its direct part (norms frozen), in nats.

    A direct effect is compensated if it and the rest are at least `NOTABLE_NATS`, their signs are
    opposite, and less is left than there was: else an early head on which everything depends would
    count. Otherwise the direct effect's share of the total decides: from two thirds on it is
    direct, up to one third it goes through later components.
    """
    if max(abs(total), abs(direct)) < NOTABLE_NATS:
        return Mechanism.SMALL
    rest = total - direct
    opposite = min(abs(direct), abs(rest)) >= NOTABLE_NATS and direct * rest < 0
    if opposite and abs(total) < abs(direct):
        if not (in_last_third and keeps_answer):
            return Mechanism.OFFSET
        return Mechanism.REPAIRED if direct < 0 else Mechanism.GIVEN_BACK
    part = direct / total
    if part >= 2 / 3:
        return Mechanism.DIRECT
    return Mechanism.HALF if part > 1 / 3 else Mechanism.LATER


def metric_words(field: str) -> str:
    """The name of a leading metric within a sentence."""
    return "logit difference" if field == LOGIT_DIFF.field else "log odds"


def mechanism_words(measured: "DirectEffect") -> str:
    """How the effect reaches the answer, as a clause without numbers of its own parts."""
    # Only where a part is compensated is there a share: more than all of it may be.
    back = share(-measured.repair / measured.direct_frozen_norm) if measured.compensated else ""
    match measured.mechanism:
        case Mechanism.SMALL:
            return "its effect is too small to speak of a route"
        case Mechanism.DIRECT:
            return "it acts mostly directly on the answer"
        case Mechanism.HALF:
            return "it acts about half directly on the answer, half through later components"
        case Mechanism.LATER:
            return "it acts through later components"
        case Mechanism.REPAIRED:
            return (
                f"what follows makes up for {back} of what the answer loses directly (self-repair)"
            )
        case Mechanism.GIVEN_BACK:
            return (
                f"without it the answer gains directly, and what follows gives {back} of that gain "
                "back: it is made up for, and nothing is repaired"
            )
        case Mechanism.OFFSET:
            return _offset_words(measured)


def _offset_words(measured: "DirectEffect") -> str:
    if not measured.in_last_third:
        return (
            "it also acts through later components, against its direct effect; in a layer this "
            "early that cannot be told apart from mediation"
        )
    went = f"{percent(measured.prob)} → {percent(measured.prob_after)}"
    return f"what follows goes against its direct effect, but the answer is not kept (P {went})"


def route_words(measured: "DirectEffect") -> str:
    """How the effect reaches the answer, with its parts in nats; those that are 0 are left out."""
    names = {
        "final_norm": "by the final norm’s scale",
        "later_heads": "through later heads",
        "later_mlps": "through later MLPs",
        "left": "not linear",
    }
    sums = [
        f"{signed(measured.direct_frozen_norm, 2)} directly (norms held)",
        *(
            f"{text} {names[name]}"
            for name, value in measured.parts.items()
            if (text := signed(value, 2)) != "0.00"
        ),
    ]
    total = f"of {signed(measured.total, 2)} nats of {metric_words(measured.metric)}"
    return f"{mechanism_words(measured)}: {total}, {_listed(sums)}"


def _listed(parts: list[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last
