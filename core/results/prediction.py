"""A prediction of what an ablation does, as plain data, and what had been seen when it was made."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from core.results.effects import Baseline, Effect
from core.spec.members import Member


class Looked(StrEnum):
    """What of a question's effects had been on screen; each member says more than the one before.

    `words` is how a sentence says it: "Predicted before looking".
    """

    words: str

    def __new__(cls, value: str, words: str = "") -> "Looked":
        """A member: its value, and its words."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    NO = "no", "before looking"
    """None of them."""
    FRONT_PAGE = "front-page", "with the front page’s numbers on screen"
    """The example that everybody meets on the front page, and nothing that was asked for."""
    YES = "yes", "after looking"
    """Effects that somebody has asked for: a sweep, a head, a list, a comparison, a test."""

    def or_more(self, other: "Looked") -> "Looked":
        """What both together come to: whichever says more."""
        order = list(Looked)
        return max(self, other, key=order.index)


@dataclass(frozen=True)
class Prediction:
    """A prediction of what ablating some heads and MLPs together does.

    `breaks` says whether the answer breaks. `prob_after` is the target's probability with the heads
    ablated, a fraction. `made_at` is UTC in ISO 8601, to the second. `looked` says what of the
    effects had been shown before that time; None if it is not known.
    """

    heads: tuple[Member, ...]
    breaks: bool
    prob_after: float
    made_at: str
    looked: Looked | None

    @property
    def after_looking(self) -> bool | None:
        """Whether any effect had been shown before, were it only on the front page."""
        return None if self.looked is None else self.looked is not Looked.NO

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        values = {**asdict(self), "heads": [head.label for head in self.heads]}
        return {**values, "looked": self.looked, "after_looking": self.after_looking}


def broke(baseline: Baseline, effect: Effect) -> bool | None:
    """Whether an ablation broke the answer: the target loses rank 1, or its probability halves.

    None if the target's clean rank is not 1: there is no answer to break.
    """
    if baseline.rank != 1:
        return None
    return effect.rank != 1 or halved(baseline, effect.prob)


def halved(baseline: Baseline, prob: float) -> bool:
    """Whether a probability is at most half of the clean one."""
    return prob <= baseline.prob / 2
