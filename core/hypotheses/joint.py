"""Joint ablation of a set of heads and MLPs, compared with single ablations and with other sets.

Ablating one head at a time misses heads that back each other up (Heimersheim & Nanda 2024,
arXiv:2404.15255, section 2.4).
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.hypotheses.comparison_sets import Place, comparison_sets, place
from core.hypotheses.joint_effects import ablate_sets, change, checked_set
from core.hypotheses.relation import Relation, relation
from core.results.metrics import PROB
from core.results.result import Baseline, Effect
from core.spec.heads import all_heads
from core.spec.members import Member, all_mlps, heads_of, mlps_of
from core.sweep.scorer import Scorer, baseline_of
from core.text.jsonable import jsonable


@dataclass(frozen=True)
class ComparisonSet:
    """A comparison set, and the change in the metric under its joint ablation."""

    heads: tuple[Member, ...]
    change: float


@dataclass(frozen=True)
class JointTest:
    """The effect of ablating some heads and MLPs together: the members of a set, `heads`.

    `metric` is the leading one: "logit_diff_change" with a foil, else "logodds_change" (ablated
    minus clean, nats); `change`, `sum_of_singles` and the changes of `others` are in it. `singles`
    are the effects of ablating each member alone, in the order of `heads`. `others` are comparison
    sets: as many other heads from the same layers, and as many other MLPs. `n_possible` such sets
    exist. `strongest`: the heads are the model's strongest when each is ablated alone, by size or
    by damage, in `metric` or in probability; and so are the MLPs.
    """

    heads: tuple[Member, ...]
    metric: str
    baseline: Baseline
    joint: Effect
    singles: tuple[Effect, ...]
    others: tuple[ComparisonSet, ...]
    n_possible: int
    strongest: bool

    @property
    def change(self) -> float:
        """The change in `metric` under the joint ablation."""
        return change(self.joint, self.metric)

    @property
    def sum_of_singles(self) -> float:
        """The sum of the changes under single ablations."""
        return sum(self.single_changes)

    @property
    def single_changes(self) -> tuple[float, ...]:
        """The change in `metric` under each single ablation."""
        return tuple(change(single, self.metric) for single in self.singles)

    @property
    def redundancy(self) -> float:
        """`change` minus `sum_of_singles`; what it means is `relation`."""
        return self.change - self.sum_of_singles

    @property
    def relation(self) -> Relation:
        """What the joint change says beside the single ones; one alone is additive."""
        return relation(self.change, self.single_changes)

    @property
    def place(self) -> Place | None:
        """Where the change stands among those of the other sets; None if there is no other set."""
        return place(self.change, [other.change for other in self.others])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: probabilities are fractions; changes in `metric` are nats."""
        place = self.place
        return {
            "heads": [head.label for head in self.heads],
            "metric": self.metric,
            "baseline": jsonable(self.baseline),
            "joint": jsonable(self.joint),
            "singles": {
                member.label: jsonable(single)
                for member, single in zip(self.heads, self.singles, strict=True)
            },
            "change": self.change,
            "sum_of_singles": self.sum_of_singles,
            "redundancy": self.redundancy,
            "relation": self.relation.value,
            "place": None if place is None else place.to_dict(),
            "strongest": self.strongest,
            "n_possible": self.n_possible,
            "others": [[[h.label for h in other.heads], other.change] for other in self.others],
        }


def joint_test(scorer: Scorer, heads: Sequence[Member]) -> Generator[float, None, JointTest]:
    """Ablate some heads and MLPs together, each alone, and comparison sets; yields the share done.

    Every other head of the model is ablated alone too, and with an MLP every other MLP: whether the
    chosen ones are the strongest of all decides what their place among other sets is worth. Raises
    `InputError` where `checked_set` does.
    """
    model = scorer.model
    chosen = checked_set(scorer, heads)
    others, n_possible = comparison_sets(chosen, (model.n_layers, model.n_heads))
    every: list[Member] = [*all_heads(model.n_layers, model.n_heads)]
    every += all_mlps(model.n_layers) if mlps_of(chosen) else ()
    sets = [chosen, *((each,) for each in every), *others]
    joint, *rest = yield from ablate_sets(scorer, sets)
    alone = dict(zip(every, rest, strict=False))
    metric = scorer.metric
    return JointTest(
        chosen,
        metric,
        baseline_of(model, scorer.baseline),
        joint,
        tuple(alone[each] for each in chosen),
        tuple(
            ComparisonSet(other, change(effect, metric))
            for other, effect in zip(others, rest[len(every) :], strict=True)
        ),
        n_possible,
        any(_are_strongest(chosen, alone, field) for field in (metric, PROB.field)),
    )


def _are_strongest(chosen: Sequence[Member], alone: Mapping[Member, Effect], metric: str) -> bool:
    """Whether no other head has a larger change in a metric, or none a lower one; likewise MLPs."""
    changes = {member: change(effect, metric) for member, effect in alone.items()}
    ways: tuple[Callable[[Member], float], ...] = (
        lambda member: -abs(changes[member]),
        lambda member: changes[member],
    )
    return any(
        all(
            set(sorted(of_kind(alone), key=way)[: len(of_kind(chosen))]) == set(of_kind(chosen))
            for of_kind in (heads_of, mlps_of)
        )
        for way in ways
    )
