"""Comparison sets for a chosen set of heads: as many other heads from the same layers."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, product
from typing import Any

from core.prompts.random_text import random_generator
from core.spec.heads import Head

MOST = 200
"""The largest number of comparison sets that are run: percentiles in steps of half a point."""

FEWEST_FOR_PERCENT = 20
"""Among fewer other sets a rank is said: a percentage would pass for more than it is."""

_ORDINALS = {1: "", 2: "2nd ", 3: "3rd "}


def comparison_sets(
    heads: Sequence[Head], n_heads: int, most: int = MOST, seed: int = 0
) -> tuple[list[tuple[Head, ...]], int]:
    """Distinct sets without any of `heads`, with as many heads in each layer; and how many exist.

    If at most `most` exist, all are returned; else `most` are drawn at random without repetition,
    the same ones for the same `seed`. `n_heads` is the number of heads in one layer.
    """
    by_layer = Counter(head.layer for head in sorted(set(heads)))
    free = {
        layer: [h for h in range(n_heads) if Head(layer, h) not in set(heads)] for layer in by_layer
    }
    possible = math.prod(math.comb(len(free[layer]), k) for layer, k in by_layer.items())
    if possible <= most:
        choices = [combinations(free[layer], k) for layer, k in by_layer.items()]
        return [_as_set(by_layer, picked) for picked in product(*choices)], possible
    rng = random_generator(seed)
    drawn: dict[tuple[Head, ...], None] = {}  # a set that keeps its order
    while len(drawn) < most:
        picked = [
            sorted(rng.choice(free[layer], k, replace=False).tolist())
            for layer, k in by_layer.items()
        ]
        drawn[_as_set(by_layer, picked)] = None
    return list(drawn), possible


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


def _as_set(layers: Counter[int], picked: Sequence[Sequence[int]]) -> tuple[Head, ...]:
    return tuple(
        Head(layer, head) for layer, chosen in zip(layers, picked, strict=True) for head in chosen
    )
