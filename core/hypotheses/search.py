"""Greedy search for a small set of heads that keeps the answer while all others are ablated.

Each step keeps the head that raises the metric most. Greedy is not best: another set as small may
keep more, and the set found belongs to its prompt and its kind of ablation (Miller et al. 2024,
arXiv:2407.08734). `core.hypotheses.held_out` tries it on others.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import InputError
from core.hypotheses.joint_effects import change, joint_effects, others_of
from core.hypotheses.keep_only import check_keeping, prob_share
from core.progress import map_steps
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.sweep.scorer import Scorer, baseline_of
from core.text.jsonable import jsonable

MAX_SIZE = 20

REACHED = "the clean value is reached"
PROB_REACHED = "the clean probability is reached"
"""With a foil only: without one it is the clean value."""
ENOUGH = "the share of the clean probability asked for is reached"
NOTHING_ADDS = "no head adds anything"
LARGEST = "the largest size allowed"


@dataclass(frozen=True)
class SearchStep:
    """A head added to the set, and the effect with the set so far kept; no head: none kept."""

    head: Head | None
    effect: Effect


@dataclass(frozen=True)
class Search:
    """A greedy search as far as it has come.

    `steps` are finished, the first with every head ablated. `metric` is "logit_diff_change" with a
    foil, else "logprob_change". In the step under way, `candidates_done` of `n_candidates` are
    run. `fraction` is the share of the work done if the search goes on to the largest size: it
    jumps to 1 where it ends before. `reason` says why it ended, "" until then.
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
        """Whether the search ended by itself."""
        return bool(self.reason)

    @property
    def heads(self) -> tuple[Head, ...]:
        """The set found so far, in the order found."""
        return tuple(step.head for step in self.steps if step.head is not None)

    @property
    def curve(self) -> tuple[float | None, ...]:
        """The share of the clean probability kept with 0, 1, ... heads; None as `prob_share`."""
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
    """Add heads until the clean value is reached: yields the search so far, returns the last.

    Unlike other long work it yields what it has found, at every moment at which it may be stopped.
    Exceeding the clean value earns nothing: candidates are compared up to it, the first in head
    order of equal ones is taken, and the search stops there, or where the probability reaches
    `enough` of the clean one (with a foil that may come first). Raises `InputError` for sizes and
    shares out of range, and as `check_keeping`.
    """
    _check(scorer, max_size, enough)
    n_heads = scorer.model.n_layers * scorer.model.n_heads
    largest = min(max_size, n_heads)
    search = Search(scorer.metric, baseline_of(scorer.model, scorer.baseline))
    (first,) = yield from _tried(scorer, search, [()], largest)
    search = replace(search, steps=(SearchStep(None, first),))
    while not (reason := _ended(search, largest, enough)):
        candidates = others_of(scorer, search.heads)
        sets = [(*search.heads, head) for head in candidates]
        effects = yield from _tried(scorer, search, sets, largest)
        values = [_value(search, effect) for effect in effects]
        best = max(range(len(values)), key=values.__getitem__)  # the first of equal ones
        if values[best] <= _value(search, search.steps[-1].effect):
            reason = NOTHING_ADDS
            break
        steps = (*search.steps, SearchStep(candidates[best], effects[best]))
        search = replace(search, steps=steps, fraction=_fraction(len(steps), 0.0, largest))
        yield search
    search = replace(search, fraction=1.0, reason=reason)
    yield search
    return search


def _tried(
    scorer: Scorer, search: Search, sets: Sequence[tuple[Head, ...]], largest: int
) -> Generator[Search, None, tuple[Effect, ...]]:
    """Keep each set alone: yields the search with its progress, returns one effect a set."""

    def so_far(step: tuple[int, float]) -> Search:
        done, inside = step
        fraction = _fraction(len(search.steps), inside, largest)
        return replace(search, candidates_done=done, n_candidates=len(sets), fraction=fraction)

    work = joint_effects(scorer, [others_of(scorer, kept) for kept in sets])
    return (yield from map_steps(work, so_far))


def _fraction(steps: int, inside: float, largest: int) -> float:
    return min(1.0, (steps + inside) / (largest + 1))


def _value(search: Search, effect: Effect) -> float:
    """The change in the metric, nothing above the clean run's counted."""
    return min(0.0, change(effect, search.metric))


def _ended(search: Search, largest: int, enough: float) -> str:
    effect = search.steps[-1].effect
    if change(effect, search.metric) >= 0:
        return REACHED
    if effect.prob >= enough * search.baseline.prob:
        return PROB_REACHED if enough == 1 else ENOUGH
    return LARGEST if len(search.heads) >= largest else ""


def _check(scorer: Scorer, max_size: int, enough: float) -> None:
    check_keeping(scorer.prepared.spec)
    if max_size < 1:
        raise InputError("max_size", f"The largest size is {max_size}: use a number from 1.")
    if not 0 < enough <= 1:
        raise InputError(
            "enough", f"{enough} of the clean probability: give a fraction above 0, at most 1."
        )
