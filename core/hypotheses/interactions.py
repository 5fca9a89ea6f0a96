"""Pairwise interactions of the heads and MLPs of a small set.

I = d_ab - d_a - d_b, where each d is the change in the leading metric under an ablation: the logit
difference, or the log odds of the target without a foil. Probability is not used: with a baseline
of 47 % two heads that lose 30 points each cannot lose 60 points together. Nor is log prob, which is
concave in the logits: two losses that exactly add up there would pass for backup.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float

from core.hypotheses.joint_effects import ablate_sets, change, checked_set
from core.hypotheses.relation import Relation, relation
from core.spec.members import Member
from core.sweep.scorer import Scorer, baseline_of
from core.text.jsonable import jsonable

MOST = 10
"""The largest number of members: 45 pairs."""


@dataclass(frozen=True)
class Pair:
    """Two members ablated together: the change in the metric, I, and what it says of the two.

    `clean_prob` and `prob` are the target's probability in the clean run and then, fractions.
    """

    heads: tuple[Member, Member]
    joint: float
    interaction: float
    relation: Relation
    clean_prob: float
    prob: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types in the unit of the metric."""
        return {
            "heads": [head.label for head in self.heads],
            "joint": self.joint,
            "interaction": self.interaction,
            "relation": self.relation.value,
            "prob": self.prob,
        }


@dataclass(frozen=True, eq=False)
class Interactions:
    """Changes under single and pairwise ablation: ablated minus clean, in the leading `metric`.

    The unit is nats. `pair` is symmetric and NaN on the diagonal; so is `pair_prob`, the target's
    probability with both ablated, which is `clean_prob` in the clean run: fractions.
    """

    heads: tuple[Member, ...]
    metric: str
    single: Float[np.ndarray, " head"]
    pair: Float[np.ndarray, "head head"]
    clean_prob: float
    pair_prob: Float[np.ndarray, "head head"]

    @property
    def values(self) -> Float[np.ndarray, "head head"]:
        """I of every pair, symmetric, NaN on the diagonal."""
        values: np.ndarray = self.pair - self.single[:, None] - self.single
        return values

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair: the largest |I| first, ties in the order of the heads."""
        values, found = self.values, []
        for a, b in combinations(range(len(self.heads)), 2):
            joint, singles = float(self.pair[a, b]), [float(self.single[i]) for i in (a, b)]
            both = (self.heads[a], self.heads[b])
            said, prob = relation(joint, singles), float(self.pair_prob[a, b])
            found.append(Pair(both, joint, float(values[a, b]), said, self.clean_prob, prob))
        return tuple(sorted(found, key=lambda pair: -abs(pair.interaction)))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types in the unit of `metric`."""
        return {
            "heads": [head.label for head in self.heads],
            "metric": self.metric,
            "clean_prob": self.clean_prob,
            "single": jsonable(self.single),
            "pairs": [pair.to_dict() for pair in self.pairs],
        }


def interactions(scorer: Scorer, heads: Sequence[Member]) -> Generator[float, None, Interactions]:
    """Ablate each head or MLP alone and each pair together; yields the share done.

    Raises `InputError` (field "heads") for fewer than 2 or more than `MOST`, and where
    `checked_set` does.
    """
    chosen = checked_set(scorer, heads, least=2, most=MOST)
    n, metric = len(chosen), scorer.metric
    pairs = list(combinations(range(n), 2))
    sets = [*((each,) for each in chosen), *((chosen[a], chosen[b]) for a, b in pairs)]
    effects = yield from ablate_sets(scorer, sets)
    changes = [change(effect, metric) for effect in effects]
    joint, probs = np.full((n, n), np.nan), np.full((n, n), np.nan)
    for (a, b), effect, value in zip(pairs, effects[n:], changes[n:], strict=True):
        joint[a, b] = joint[b, a] = value
        probs[a, b] = probs[b, a] = effect.prob
    clean = baseline_of(scorer.model, scorer.baseline).prob
    return Interactions(chosen, metric, np.array(changes[:n]), joint, clean, probs)
