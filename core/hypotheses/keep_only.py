"""Keep only some heads: ablate every other head and measure how much of the answer is left.

MLPs stay in place where only heads are kept; where an MLP is among what is kept, every other MLP is
ablated too.

This is the faithfulness of a circuit (Wang et al. 2022, arXiv:2211.00593). It depends heavily on
the kind of ablation (Miller et al. 2024, arXiv:2407.08734).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.hypotheses.joint_effects import ablate_sets, change, checked_set, others_of
from core.results.agreement import with_kind
from core.results.result import Baseline, Effect
from core.spec.ablation import AblationKind, listed
from core.spec.members import Member, all_mlps, in_order, mlps_of
from core.spec.spec import SweepSpec
from core.sweep.scorer import Scorer, baseline_of
from core.text.jsonable import jsonable

LEAST_GAP = 0.1
"""The smallest loss when no head is kept for which shares of it have a meaning.

In nats of the leading metric.
"""


@dataclass(frozen=True)
class KeptOnly:
    """The effect of ablating all heads but `heads`, and all MLPs but its MLPs if it has any.

    `metric` is "logit_diff_change" with a foil, else "logodds_change". `effect` is that of keeping
    only `heads`; `empty` is that of keeping none of what was up for ablation.
    """

    heads: tuple[Member, ...]
    metric: str
    baseline: Baseline
    effect: Effect
    empty: Effect

    @property
    def ablated(self) -> str:
        """What was up for ablation: "heads", or "heads and MLPs"."""
        return "heads and MLPs" if mlps_of(self.heads) else "heads"

    @property
    def prob_share(self) -> float | None:
        """The target's probability with only these heads, divided by that of the clean run.

        It is above 1 if the ablation raised the answer. None if the clean probability is 0 in
        floating point.
        """
        return prob_share(self.baseline, self.effect)

    @property
    def faithfulness(self) -> float | None:
        """Faithfulness: (kept - empty) / (clean - empty), each measured in `metric`.

        1 means that nothing is lost, 0 that these heads keep no more than no head. None if ablating
        every head loses less than `LEAST_GAP`.
        """
        lost = -change(self.empty, self.metric)
        return None if lost < LEAST_GAP else 1 + change(self.effect, self.metric) / lost

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: shares and probabilities are fractions."""
        return {
            "heads": [head.label for head in self.heads],
            "ablated": self.ablated,
            "metric": self.metric,
            "baseline": jsonable(self.baseline),
            "effect": jsonable(self.effect),
            "empty": jsonable(self.empty),
            "prob_share": self.prob_share,
            "faithfulness": self.faithfulness,
        }


def keep_only(scorer: Scorer, heads: Sequence[Member]) -> Generator[float, None, KeptOnly]:
    """Ablate all but `heads` (see `KeptOnly`); yields the share done. An empty one keeps no head.

    Raises `InputError` where `checked_set` and `check_keep_only` do.
    """
    model = scorer.model
    check_keep_only(scorer.prepared.spec)
    kept = checked_set(scorer, heads, least=0)
    every: list[Member] = [
        *others_of(scorer, ()),
        *(all_mlps(model.n_layers) if mlps_of(kept) else ()),
    ]
    sets = [in_order(set(every) - set(kept)), in_order(every)]
    effect, nothing = yield from ablate_sets(scorer, sets)
    return KeptOnly(kept, scorer.metric, baseline_of(model, scorer.baseline), effect, nothing)


def prob_share(baseline: Baseline, effect: Effect) -> float | None:
    """The target's probability divided by that of the clean run; None if the latter is 0."""
    return effect.prob / baseline.prob if baseline.prob else None


def keep_only_spec(spec: SweepSpec) -> SweepSpec:
    """The spec for keeping only some heads: `mean` replaces a kind that leaves a share in."""
    found = with_kind(spec, spec.ablation.for_keep_only)
    assert found is not None
    return found


def check_keep_only(spec: SweepSpec) -> None:
    """Refuse a kind that leaves a share of a head in: raises `InputError` (field "ablation")."""
    if spec.ablation.traits.keeps_share:
        others = listed((kind for kind in AblationKind if not kind.traits.keeps_share), "or")
        raise InputError(
            "ablation",
            f"{spec.ablation.label.capitalize()} leaves a share of every head in, so it cannot say "
            f"what a set does alone. Choose {others}.",
        )
