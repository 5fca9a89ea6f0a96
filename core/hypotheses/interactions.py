"""Pairwise interactions of the heads of a small set.

I = d_ab - d_a - d_b, where each d is the change in logit difference (log prob without a foil) under
an ablation. Probability is not used: with a baseline of 47 % two heads that lose 30 points each
cannot lose 60 points together.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float

from core.hypotheses.joint_effects import ablate_sets, change
from core.hypotheses.parse_heads import checked_heads
from core.results.leading import NOTABLE_NATS
from core.spec.heads import Head
from core.sweep.scorer import Scorer
from core.text.jsonable import jsonable

MOST = 10
"""The largest number of heads: 45 pairs."""


@dataclass(frozen=True, eq=False)
class Interactions:
    """Changes under single and pairwise ablation: ablated minus clean, in `metric`.

    The unit is logits with a foil, else nats. `pair` is symmetric and NaN on the diagonal.
    """

    heads: tuple[Head, ...]
    metric: str
    single: Float[np.ndarray, " head"]
    pair: Float[np.ndarray, "head head"]

    @property
    def values(self) -> Float[np.ndarray, "head head"]:
        """I of every pair, symmetric, NaN on the diagonal; below 0 they back each other up."""
        values: np.ndarray = self.pair - self.single[:, None] - self.single
        return values

    def backed_up(self, minimum: float = NOTABLE_NATS) -> list[tuple[Head, Head, float]]:
        """(head, head, I) of every pair with I <= -`minimum`: strongest first, ties by head."""
        values = self.values
        pairs = [
            (self.heads[a], self.heads[b], float(values[a, b]))
            for a, b in combinations(range(len(self.heads)), 2)
            if values[a, b] <= -minimum
        ]
        return sorted(pairs, key=lambda pair: pair[2])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types in the unit of `metric`; None on the diagonals."""
        return {
            "heads": [head.label for head in self.heads],
            "metric": self.metric,
            "single": self.single.tolist(),
            "pair": jsonable(self.pair),
            "values": jsonable(self.values),
        }


def interactions(scorer: Scorer, heads: Sequence[Head]) -> Generator[float, None, Interactions]:
    """Ablate each head alone and each pair together; yields the share done.

    Raises `InputError` (field "heads") for fewer than 2 heads or more than `MOST`.
    """
    model = scorer.model
    chosen = checked_heads(heads, (model.n_layers, model.n_heads), least=2, most=MOST)
    n, metric = len(chosen), scorer.metric
    pairs = list(combinations(range(n), 2))
    sets = [*((head,) for head in chosen), *((chosen[a], chosen[b]) for a, b in pairs)]
    effects = yield from ablate_sets(scorer, sets)
    changes = [change(effect, metric) for effect in effects]
    joint = np.full((n, n), np.nan)
    for (a, b), value in zip(pairs, changes[n:], strict=True):
        joint[a, b] = joint[b, a] = value
    return Interactions(chosen, metric, np.array(changes[:n]), joint)
