"""Joint ablation of a set of heads, compared with single ablations and with other sets.

Ablating one head at a time misses heads that back each other up (Heimersheim & Nanda 2024,
arXiv:2404.15255, section 2.4).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.hypotheses.comparison_sets import comparison_sets, percentile
from core.hypotheses.joint_effects import ablate_sets, change
from core.hypotheses.parse_heads import checked_heads
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.sweep.scorer import Scorer, baseline_of
from core.text.jsonable import jsonable


@dataclass(frozen=True)
class ComparisonSet:
    """A comparison set, and the change in the metric under its joint ablation."""

    heads: tuple[Head, ...]
    change: float


@dataclass(frozen=True)
class JointTest:
    """The effect of ablating some heads together.

    `metric` is "logit_diff_change" with a foil, else "logprob_change" (ablated minus clean);
    `change`, `sum_of_singles` and the changes of `others` are in it. `singles` are the effects of
    ablating each head alone, in the order of `heads`. `others` are comparison sets: as many other
    heads from the same layers. `n_possible` such sets exist.
    """

    heads: tuple[Head, ...]
    metric: str
    baseline: Baseline
    joint: Effect
    singles: tuple[Effect, ...]
    others: tuple[ComparisonSet, ...]
    n_possible: int

    @property
    def change(self) -> float:
        """The change in `metric` under the joint ablation."""
        return change(self.joint, self.metric)

    @property
    def sum_of_singles(self) -> float:
        """The sum of the changes under single ablations."""
        return sum(change(single, self.metric) for single in self.singles)

    @property
    def redundancy(self) -> float:
        """`change` minus `sum_of_singles`; below 0 the heads back each other up."""
        return self.change - self.sum_of_singles

    @property
    def percentile(self) -> float | None:
        """The share (0 to 100) of the other sets that did less damage; a tie counts half.

        It is a percentile, not a p-value. None if there is no other set.
        """
        return percentile(self.change, [other.change for other in self.others])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: probabilities are fractions; changes in `metric` are nats or logits."""
        return {
            "heads": [head.label for head in self.heads],
            "metric": self.metric,
            "baseline": jsonable(self.baseline),
            "joint": jsonable(self.joint),
            "singles": {
                head.label: jsonable(single)
                for head, single in zip(self.heads, self.singles, strict=True)
            },
            "change": self.change,
            "sum_of_singles": self.sum_of_singles,
            "redundancy": self.redundancy,
            "percentile": self.percentile,
            "n_possible": self.n_possible,
            "others": [[[h.label for h in other.heads], other.change] for other in self.others],
        }


def joint_test(scorer: Scorer, heads: Sequence[Head]) -> Generator[float, None, JointTest]:
    """Ablate some heads together, each alone, and comparison sets; yields the share done.

    Raises `InputError` (field "heads") for an empty set, or a head that the model does not have.
    """
    model = scorer.model
    chosen = checked_heads(heads, (model.n_layers, model.n_heads))
    others, n_possible = comparison_sets(chosen, model.n_heads)
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
            ComparisonSet(other, change(effect, metric))
            for other, effect in zip(others, rest[len(chosen) :], strict=True)
        ),
        n_possible,
    )
