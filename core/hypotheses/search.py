"""Greedy search for a small set of heads that keeps the answer while all others are ablated.

Each step adds the head that raises the metric most. A greedy search need not find the best set:
another set of the same size may keep more. The result holds for its prompt and its kind of ablation
(Miller et al. 2024, arXiv:2407.08734). `core.hypotheses.held_out` tests it on other prompts.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InputError
from core.hypotheses.joint_effects import change, joint_effects, others_of
from core.hypotheses.keep_only import check_keep_only, prob_share
from core.progress import map_steps
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.sweep.scorer import Scorer, baseline_of
from core.text.jsonable import jsonable

MAX_SIZE = 20

REACHED = "the clean value is reached"
PROB_REACHED = "the clean probability is reached"
"""Used with a foil only; without a foil the metric is the log prob, so `REACHED` says the same."""
ENOUGH = "the share of the clean probability asked for is reached"
NOTHING_ADDS = "no head adds anything"
LARGEST = "the largest size allowed"


@dataclass(frozen=True)
class SearchStep:
    """One step: the head added, and the effect of keeping only the heads up to this step.

    In the first step `head` is None and no head is kept.
    """

    head: Head | None
    effect: Effect


@dataclass(frozen=True)
class Search:
    """The state of a greedy search.

    `steps` are the finished steps; in the first every head is ablated. `metric` is
    "logit_diff_change" with a foil, else "logprob_change". In the current step `candidates_done`
    of `n_candidates` have been run. `fraction` is the share of the work for the largest size; it
    jumps to 1 if the search ends earlier. `reason` says why the search ended, "" until then.
    """

    metric: str
    baseline: Baseline
    steps: tuple[SearchStep, ...] = ()
    candidates_done: int = 0
    n_candidates: int = 0
    fraction: float = 0.0
    reason: str = ""

    @property
    def finished(self) -> bool:
        """Whether the search has reached its end."""
        return bool(self.reason)

    @property
    def heads(self) -> tuple[Head, ...]:
        """The set found so far, in the order found."""
        return tuple(step.head for step in self.steps if step.head is not None)

    @property
    def curve(self) -> tuple[float | None, ...]:
        """The share of the clean probability kept with 0, 1, ... heads (see `prob_share`)."""
        return tuple(prob_share(self.baseline, step.effect) for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: shares are fractions, effects as in a sweep."""
        return {
            "metric": self.metric,
            "baseline": jsonable(self.baseline),
            "heads": [head.label for head in self.heads],
            "steps": [
                {
                    "head": None if step.head is None else step.head.label,
                    "prob_share": share,
                    "effect": jsonable(step.effect),
                }
                for step, share in zip(self.steps, self.curve, strict=True)
            ],
            "finished": self.finished,
            "reason": self.reason,
        }


def greedy(
    scorer: Scorer, max_size: int = MAX_SIZE, enough: float = 1.0
) -> Generator[Search, None, Search]:
    """Add heads one by one until the clean value is reached; yields and returns the `Search`.

    It yields the state so far, not the share done, and may be stopped at every yield. Values above
    the clean one count as the clean one; of equal candidates the first in head order is taken. The
    search ends when the metric reaches its clean value, or the probability reaches `enough` times
    the clean one (with a foil this may happen first), or no head helps, or `max_size` is reached.
    Raises `InputError` for sizes and shares out of range, and where `check_keep_only` does.
    """
    _check(scorer, max_size, enough)
    n_heads = scorer.model.n_layers * scorer.model.n_heads
    largest = min(max_size, n_heads)
    search = Search(scorer.metric, baseline_of(scorer.model, scorer.baseline))
    (first,) = yield from _effects_of_keeping(scorer, search, [()], largest)
    search = replace(search, steps=(SearchStep(None, first),))
    while not (reason := _reason_to_stop(search, largest, enough)):
        candidates = others_of(scorer, search.heads)
        sets = [(*search.heads, head) for head in candidates]
        effects = yield from _effects_of_keeping(scorer, search, sets, largest)
        values = [_capped_value(search, effect) for effect in effects]
        best = max(range(len(values)), key=values.__getitem__)  # the first of equal ones
        if values[best] <= _capped_value(search, search.steps[-1].effect):
            reason = NOTHING_ADDS
            break
        steps = (*search.steps, SearchStep(candidates[best], effects[best]))
        search = replace(search, steps=steps, fraction=_fraction(len(steps), 0.0, largest))
        yield search
    search = replace(search, fraction=1.0, reason=reason)
    yield search
    return search


def _effects_of_keeping(
    scorer: Scorer, search: Search, sets: Sequence[tuple[Head, ...]], largest: int
) -> Generator[Search, None, tuple[Effect, ...]]:
    """Keep each set alone, and return one effect per set; yields the search with its progress."""

    def progress(step: tuple[int, float]) -> Search:
        done, step_fraction = step
        fraction = _fraction(len(search.steps), step_fraction, largest)
        return replace(search, candidates_done=done, n_candidates=len(sets), fraction=fraction)

    work = joint_effects(scorer, [others_of(scorer, kept) for kept in sets])
    return (yield from map_steps(work, progress))


def _fraction(steps: int, step_fraction: float, largest: int) -> float:
    return min(1.0, (steps + step_fraction) / (largest + 1))


def _capped_value(search: Search, effect: Effect) -> float:
    """The change in the metric, at most 0: values above the clean one count as the clean one."""
    return min(0.0, change(effect, search.metric))


def _reason_to_stop(search: Search, largest: int, enough: float) -> str:
    effect = search.steps[-1].effect
    if change(effect, search.metric) >= 0:
        return REACHED
    if effect.prob >= enough * search.baseline.prob:
        return PROB_REACHED if enough == 1 else ENOUGH
    return LARGEST if len(search.heads) >= largest else ""


def _check(scorer: Scorer, max_size: int, enough: float) -> None:
    check_keep_only(scorer.prepared.spec)
    if max_size < 1:
        raise InputError("max_size", f"The largest size is {max_size}: use a number from 1.")
    if not 0 < enough <= 1:
        raise InputError(
            "enough", f"{enough} of the clean probability: give a fraction above 0, at most 1."
        )
