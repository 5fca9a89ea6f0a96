"""The state of a search for a small set of heads: how far each direction is, and what it found."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.hypotheses.answer_logits import AnswerLogits
from core.hypotheses.joint_effects import change
from core.hypotheses.keep_only import prob_share
from core.hypotheses.search_words import search_words
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.text.jsonable import jsonable

_ROUNDING = 1e-5
"""In nats, and as a share of a probability: what float32 may move between two equal runs."""


class Direction(StrEnum):
    """Which way a set was searched."""

    FORWARD = "forward"
    """From no head, adding one by one."""
    BACKWARD = "backward"
    """From all heads, dropping what costs least."""


@dataclass(frozen=True)
class SearchStep:
    """One step: the heads added or dropped, the heads kept from then on, and the effect of that."""

    changed: tuple[Head, ...]
    kept: tuple[Head, ...]
    effect: Effect


@dataclass(frozen=True)
class Trail:
    """The steps of one direction; `ended` says why they end, "" until then.

    The first step changes nothing: no head is kept, or every head. `found`: the last step's heads
    keep the answer, and are neither more than allowed nor all there are.
    """

    direction: Direction
    steps: tuple[SearchStep, ...] = ()
    ended: str = ""
    found: bool = False

    @property
    def heads(self) -> tuple[Head, ...]:
        """The heads kept at the last step; forward in the order in which they were added."""
        return self.steps[-1].kept if self.steps else ()


@dataclass(frozen=True)
class Search:
    """The state of a greedy search in both directions.

    `metric` is the leading one: "logit_diff_change" with a foil, else "logodds_change". `enough`
    is the share of the clean run that is to be kept, `targets` the texts of the target's first
    tokens. In the step being done `candidates_done` of `n_candidates` sets have been run.
    `fraction` is the share of the largest possible work; it jumps where a direction ends earlier.
    `logits` are those with the heads of `best` kept, once both ends are reached.
    """

    metric: str
    baseline: Baseline
    enough: float
    n_heads: int
    targets: tuple[str, ...] = ()
    forward: Trail = field(default_factory=lambda: Trail(Direction.FORWARD))
    backward: Trail = field(default_factory=lambda: Trail(Direction.BACKWARD))
    candidates_done: int = 0
    n_candidates: int = 0
    fraction: float = 0.0
    logits: AnswerLogits | None = None

    @property
    def finished(self) -> bool:
        """Whether both directions have reached their ends."""
        return bool(self.forward.ended and self.backward.ended)

    @property
    def trails(self) -> tuple[Trail, Trail]:
        """Both directions."""
        return self.forward, self.backward

    @property
    def current(self) -> Trail:
        """The direction that is being searched, or was last."""
        return self.backward if self.backward.steps else self.forward

    @property
    def best(self) -> Trail:
        """The direction that is reported.

        Of two that found a set the one with fewer heads, else the one that keeps more. Where
        neither did, the one that keeps more; all heads together are no answer.
        """
        trails = [self.forward]
        if self.backward.steps and len(self.backward.heads) < self.n_heads:
            trails.append(self.backward)
        if found := [trail for trail in trails if trail.found]:
            return min(found, key=lambda trail: (len(trail.heads), -self._kept(trail)))
        return max(trails, key=self._kept)

    @property
    def found(self) -> bool:
        """Whether a set was found that keeps the answer; not said before both ends are reached."""
        return self.finished and self.best.found

    @property
    def heads(self) -> tuple[Head, ...]:
        """The heads of the direction reported."""
        return self.best.heads

    @property
    def nothing_to_keep(self) -> bool:
        """Whether the target is not at rank 1 with every head in place."""
        return self.baseline.rank != 1

    def keeps(self, effect: Effect) -> bool:
        """Whether an effect leaves the answer kept.

        The metric is back to `enough` of what ablating every head loses, the target is at rank 1,
        and it has `enough` of its clean probability. Where the clean run's is not at rank 1 there
        is nothing to keep.
        """
        if self.nothing_to_keep:
            return False
        lost = min(0.0, change(self.forward.steps[0].effect, self.metric))
        least = (1 - self.enough) * lost - _ROUNDING
        prob = self.enough * self.baseline.prob * (1 - _ROUNDING)
        return effect.rank == 1 and effect.prob >= prob and change(effect, self.metric) >= least

    def curve(self, trail: Trail) -> tuple[float | None, ...]:
        """The share of the clean probability kept at each step (see `prob_share`)."""
        return tuple(prob_share(self.baseline, step.effect) for step in trail.steps)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: shares are fractions, effects as in a sweep.

        Where no set was found, `heads`, `prob`, `rank`, `share` and `logits` are those of the set
        that keeps most, which is no answer. `share` is None where there was nothing to keep.
        """
        best = self.best
        effect = best.steps[-1].effect if best.steps else None
        return {
            "found": self.found,
            "reason": " ".join(search_words(self)),
            "heads": [head.label for head in best.heads],
            "direction": best.direction.value,
            "prob": None if effect is None else effect.prob,
            "rank": None if effect is None else effect.rank,
            "share": None
            if effect is None or self.nothing_to_keep
            else prob_share(self.baseline, effect),
            "logits": None if self.logits is None else self.logits.to_dict(),
            "metric": self.metric,
            "enough": self.enough,
            "baseline": jsonable(self.baseline),
            "finished": self.finished,
            **{trail.direction.value: self._steps(trail) for trail in self.trails},
        }

    def _kept(self, trail: Trail) -> float:
        return change(trail.steps[-1].effect, self.metric) if trail.steps else float("-inf")

    def _steps(self, trail: Trail) -> dict[str, Any]:
        return {
            "found": trail.found,
            "ended": trail.ended,
            "steps": [
                {
                    "changed": [head.label for head in step.changed],
                    "n_kept": len(step.kept),
                    "prob_share": share,
                    "effect": jsonable(step.effect),
                }
                for step, share in zip(trail.steps, self.curve(trail), strict=True)
            ],
        }
