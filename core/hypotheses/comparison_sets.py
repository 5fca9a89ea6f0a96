"""Comparison sets for a chosen set: as many other heads from the same layers, and other MLPs.

A layer has a single MLP, so that the other MLPs are those of other layers.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain, combinations, product
from typing import Any

from core.prompts.random_text import random_generator
from core.spec.heads import Head
from core.spec.members import Member, all_mlps, heads_of, in_order, mlps_of

MOST = 200
"""The largest number of comparison sets that are run: percentiles in steps of half a point."""

FEWEST_FOR_PERCENT = 20
"""Among fewer other sets a rank is said: a percentage would pass for more than it is."""

_ORDINALS = {1: "", 2: "2nd ", 3: "3rd "}


def comparison_sets(
    members: Sequence[Member], shape: tuple[int, int], most: int = MOST, seed: int = 0
) -> tuple[list[tuple[Member, ...]], int]:
    """Distinct sets without any of `members`, and how many exist.

    Each has as many heads in each layer, and as many MLPs in all. `shape` is the model's (layers,
    heads a layer). If at most `most` exist, all are returned; else `most` are drawn at random
    without repetition, the same ones for the same `seed`.
    """
    pools = _pools(members, shape)
    possible = math.prod(math.comb(len(free), k) for free, k in pools)
    if possible <= most:
        choices = product(*(combinations(free, k) for free, k in pools))
        return [in_order(chain.from_iterable(picked)) for picked in choices], possible
    rng = random_generator(seed)
    drawn: dict[tuple[Member, ...], None] = {}  # a set that keeps its order
    while len(drawn) < most:
        picked = [
            free[at] for free, k in pools for at in rng.choice(len(free), k, replace=False).tolist()
        ]
        drawn[in_order(picked)] = None
    return list(drawn), possible


def _pools(members: Sequence[Member], shape: tuple[int, int]) -> list[tuple[Sequence[Member], int]]:
    """What a comparison set is drawn from: some members, and how many of them it has."""
    n_layers, n_heads = shape
    chosen = set(members)
    by_layer = Counter(head.layer for head in sorted(heads_of(chosen)))
    pools: list[tuple[Sequence[Member], int]] = [
        ([free for h in range(n_heads) if (free := Head(layer, h)) not in chosen], k)
        for layer, k in by_layer.items()
    ]
    if mlps := mlps_of(chosen):
        pools.append(([mlp for mlp in all_mlps(n_layers) if mlp not in chosen], len(mlps)))
    return pools


@dataclass(frozen=True)
class Place:
    """A chosen set's place among `of` sets, itself one of them, from the lowest change up.

    `rank` counts from 1: the lowest change, which is the most damage. `tied` others have the same.
    """

    rank: int
    of: int
    tied: int

    @property
    def percentile(self) -> float | None:
        """The share (0 to 100) of the other sets whose change is greater; a tie counts half.

        None where there are fewer than `FEWEST_FOR_PERCENT` others.
        """
        others = self.of - 1
        if others < FEWEST_FOR_PERCENT:
            return None
        greater = self.of - self.rank - self.tied
        return 100 * (greater + self.tied / 2) / others

    @property
    def words(self) -> str:
        """The rank in words, as "lowest of 4"."""
        tied = f", tied with {self.tied}" if self.tied else ""
        if self.rank > 1 and self.rank + self.tied == self.of:
            return f"highest of {self.of}{tied}"
        return f"{_ORDINALS.get(self.rank, f'{self.rank}th ')}lowest of {self.of}{tied}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "percentile": self.percentile}


def place(change: float, others: Sequence[float]) -> Place | None:
    """Where a change stands among those of other sets; None without any.

    It is a rank among the sets that were run, not a p-value.
    """
    if not others:
        return None
    lower = sum(other < change for other in others)
    return Place(1 + lower, 1 + len(others), sum(other == change for other in others))
