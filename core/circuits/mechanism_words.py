"""How a head's effect reaches the answer, in a clause and in a sentence. Imports no torch."""

from typing import TYPE_CHECKING

from core.circuits.mechanism import MOST, Carrier, Mechanism, shares_of
from core.results.leading import NOTABLE_NATS
from core.results.metrics import LOGIT_DIFF
from core.text.numbers import percent, share, signed

if TYPE_CHECKING:
    from core.circuits.direct_effect import DirectEffect

_BY = {
    Carrier.DIRECT: "directly",
    Carrier.LATER: "through later components",
    Carrier.NORM: "by the final norm’s scale",
    Carrier.NOT_LINEAR: "by what is not linear",
}
_NOUNS = {
    Carrier.DIRECT: "its direct effect",
    Carrier.LATER: "later components",
    Carrier.NORM: "the final norm’s scale",
    Carrier.NOT_LINEAR: "what is not linear",
}
_NAMED = 0.1
"""A carrier with less than this share is not named among several routes."""


def metric_words(field: str) -> str:
    """The name of a leading metric within a sentence."""
    return "logit difference" if field == LOGIT_DIFF.field else "log odds"


def mechanism_words(measured: "DirectEffect") -> str:
    """How the effect reaches the answer, as a clause without numbers of its own parts."""
    match measured.mechanism:
        case Mechanism.SMALL:
            return _small_words(measured)
        case Mechanism.REPAIRED:
            return (
                f"what follows makes up for {_back(measured)} of what the answer loses directly "
                "(self-repair)"
            )
        case Mechanism.GIVEN_BACK:
            return (
                f"without it the answer gains directly, and what follows gives {_back(measured)} "
                "of that gain back: it is made up for, and nothing is repaired"
            )
        case Mechanism.OUTWEIGHED:
            lost = measured.direct_frozen_norm < 0
            moved = "the answer loses directly" if lost else "the answer gains directly without it"
            return f"what follows outweighs what {moved}"
        case Mechanism.OFFSET:
            return _offset_words(measured)
        case _:
            return f"{_route(measured)}{_against(measured)}"


def _small_words(measured: "DirectEffect") -> str:
    if abs(measured.direct_frozen_norm) < NOTABLE_NATS:
        return "its effect is too small to speak of a route"
    return (
        "it acts directly, but what follows takes a part of that back, and leaves too little to "
        "speak of a route"
    )


def _back(measured: "DirectEffect") -> str:
    return share(-measured.repair / measured.direct_frozen_norm)


def _route(measured: "DirectEffect") -> str:
    match measured.mechanism:
        case Mechanism.DIRECT:
            return "it acts mostly directly on the answer"
        case Mechanism.HALF:
            return "it acts about half directly on the answer, half through later components"
        case Mechanism.LATER:
            return "it acts through later components"
        case Mechanism.NORM:
            return "it acts mostly by the final norm’s scale"
        case Mechanism.NOT_LINEAR:
            return "it acts mostly by what is not linear, which is no route of its own"
    shares = shares_of(measured.carried, measured.total)
    return (
        f"it acts {_listed([f'partly {_BY[each]}' for each in shares if shares[each] >= _NAMED])}"
    )


def _against(measured: "DirectEffect") -> str:
    """What goes against the total, where it is at least a third of what goes its way."""
    carried, total = measured.carried, measured.total
    along = sum(value for value in carried.values() if value * total > 0)
    against = [
        _NOUNS[each]
        for each, value in carried.items()
        if value * total < 0 and abs(value) >= max(NOTABLE_NATS, (1 - MOST) * abs(along))
    ]
    return f", against {_listed(against)}" if against else ""


def _offset_words(measured: "DirectEffect") -> str:
    against = shares_of(measured.carried, -measured.direct_frozen_norm)
    largest = next(iter(against.values()))
    opposed = [each for each in against if against[each] >= largest / 2]
    if not measured.in_last_third and Carrier.LATER in opposed:
        return (
            "it also acts through later components, against its direct effect; in a layer this "
            "early that cannot be told apart from mediation"
        )
    verb = "go" if len(opposed) > 1 or Carrier.LATER in opposed else "goes"
    said = f"{_listed([_NOUNS[each] for each in opposed])} {verb} against its direct effect"
    later = measured.carried[Carrier.LATER]
    if later * measured.direct_frozen_norm > 0 and abs(later) >= NOTABLE_NATS:
        said += ", and later components add to that effect"
    if measured.keeps_answer:
        return said
    went = f"{percent(measured.prob)} → {percent(measured.prob_after)}"
    return f"{said}, but the answer is not kept (P {went})"


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
