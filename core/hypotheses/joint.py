"""A set of heads ablated together, beside its heads one at a time and other sets of its shape.

Ablating one head at a time misses heads that back each other up (Heimersheim & Nanda 2024,
arXiv:2404.15255, section 2.4).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.hypotheses.joint_effects import ablate_sets, change
from core.hypotheses.naming import checked_heads
from core.hypotheses.other_sets import other_sets, percentile
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.sweep.scorer import Scorer, baseline_of
from core.text.jsonable import jsonable


@dataclass(frozen=True)
class OtherSet:
    """A set that was not chosen, and its joint change in the metric."""

    heads: tuple[Head, ...]
    change: float


@dataclass(frozen=True)
class JointTest:
    """What ablating some heads together did.

    `metric` ("logit_diff_change" with a foil, else "logprob_change", ablated minus clean) is that
    of `change`, `sum_of_singles` and the others'. `singles` are the same heads one at a time, in
    the order of `heads`. `others` are sets of as many heads from the same layers, without the
    chosen ones, of `n_possible` that exist.
    """

    heads: tuple[Head, ...]
    metric: str
    baseline: Baseline
    joint: Effect
    singles: tuple[Effect, ...]
    others: tuple[OtherSet, ...]
    n_possible: int

    @property
    def change(self) -> float:
        """The joint change."""
        return change(self.joint, self.metric)

    @property
    def sum_of_singles(self) -> float:
        """The single changes added up."""
        return sum(change(each, self.metric) for each in self.singles)

    @property
    def redundancy(self) -> float:
        """Joint change minus the singles' sum; below 0 the heads back each other up."""
        return self.change - self.sum_of_singles

    @property
    def percentile(self) -> float | None:
        """The share (0 to 100) of the other sets that did less damage, ties half.

        A percentile, not a p-value; None where there is no other set.
        """
        return percentile(self.change, [other.change for other in self.others])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: probabilities are fractions, changes in `metric` nats or logits."""
        return {
            "heads": [head.label for head in self.heads],
            "metric": self.metric,
            "baseline": jsonable(self.baseline),
            "joint": jsonable(self.joint),
            "singles": {
                head.label: jsonable(each)
                for head, each in zip(self.heads, self.singles, strict=True)
            },
            "change": self.change,
            "sum_of_singles": self.sum_of_singles,
            "redundancy": self.redundancy,
            "percentile": self.percentile,
            "n_possible": self.n_possible,
            "others": [[[h.label for h in other.heads], other.change] for other in self.others],
        }


def joint_test(scorer: Scorer, heads: Sequence[Head]) -> Generator[float, None, JointTest]:
    """Ablate some heads together, each alone, and other sets of their shape: yields the share done.

    Raises `InputError` (field "heads") for no head, or one that the model does not have.
    """
    model = scorer.model
    chosen = checked_heads(heads, (model.n_layers, model.n_heads))
    others, n_possible = other_sets(chosen, model.n_heads)
    sets = [chosen, *((head,) for head in chosen), *others]
    joint, *rest = yield from ablate_sets(scorer, sets)
    metric = scorer.metric
    return JointTest(
        chosen,
        metric,
        baseline_of(model, scorer.baseline),
        joint,
        tuple(rest[: len(chosen)]),
        tuple(
            OtherSet(each, change(found, metric))
            for each, found in zip(others, rest[len(chosen) :], strict=True)
        ),
        n_possible,
    )
