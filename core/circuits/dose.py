"""Dose: how the answer depends on how much some heads write, from nothing to twice as much.

The heads' z is multiplied by a factor, in the pass that is already changed in earlier layers. It is
the z of the sweep's weights: factor 0 is `zero` ablation of these heads together, factor 1 the
clean run. With raw weights that is the same as multiplying the heads' rows of W_O; processed
weights have the constant part of z folded away, which is then not scaled. Where the curve is
straight the answer reads the heads linearly; where it bends, single ablation, which has its two
ends only, says nothing of half a head.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.circuits.by_position import checked_heads
from core.engine.interventions import Edit, Scaled
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.sweep.scorer import Scorer, baseline_of, effect
from core.text.jsonable import jsonable

FACTORS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""The factors that are measured."""


@dataclass(frozen=True)
class Dose:
    """The effect of scaling `heads` together by each of `factors`: scaled minus clean.

    `metric` is the sweep's leading metric.
    """

    heads: tuple[Head, ...]
    factors: tuple[float, ...]
    metric: str
    baseline: Baseline
    effects: tuple[Effect, ...]

    def values(self, metric: str) -> list[float | None]:
        """The effects in one field of `Effect`, in the unit of a result."""
        return [getattr(effect, metric) for effect in self.effects]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: an effect a factor, nats and fractions."""
        return {
            "heads": [head.label for head in self.heads],
            "leading_metric": self.metric,
            "baseline": jsonable(self.baseline),
            "doses": [
                {"factor": factor, **effect.to_dict()}
                for factor, effect in zip(self.factors, self.effects, strict=True)
            ],
        }


def measure_dose(
    scorer: Scorer, heads: Sequence[Head], factors: Sequence[float] = FACTORS
) -> Generator[float, None, Dose]:
    """Scale z of all `heads` together, at the positions that the spec ablates.

    Yields the share done. The spec's kind of ablation is not used. Raises `InputError` for a head
    that the model does not have.
    """
    model = scorer.model
    chosen = tuple(sorted(checked_heads(model, heads)))
    positions = scorer.prepared.positions
    # Factor 1 leaves z as it is: the clean run itself, and no rounding of another way through it.
    rows = [
        () if by == 1 else tuple(Edit(head, Scaled(by), positions) for head in chosen)
        for by in factors
    ]
    found: dict[int, Effect] = {}
    for scored in scorer.rows(lambda answer: rows):
        if scored.scores is not None:
            for row, index in enumerate(scored.indices):
                found[index] = effect(model, scored.scores, row, scorer.baseline)
        yield scored.fraction
    return Dose(
        heads=chosen,
        factors=tuple(factors),
        metric=scorer.metric,
        baseline=baseline_of(model, scorer.baseline),
        effects=tuple(found[index] for index in range(len(rows))),
    )
