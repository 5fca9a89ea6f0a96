"""Comparison sets for a chosen set of heads: as many other heads from the same layers."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, product

from core.prompts.random_text import random_generator
from core.results.statistics import share_below
from core.spec.heads import Head

MOST = 200
"""The largest number of comparison sets that are run: percentiles in steps of half a point."""


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


def percentile(change: float, others: Sequence[float]) -> float | None:
    """The share (0 to 100) of other changes that are greater; a tie counts half. None without any.

    A negative change is damage, so 100 means that no other set did as much damage. It is a rank
    among the sets that were run, not a p-value.
    """
    return share_below(-change, [-other for other in others])


def _as_set(layers: Counter[int], picked: Sequence[Sequence[int]]) -> tuple[Head, ...]:
    return tuple(
        Head(layer, head) for layer, chosen in zip(layers, picked, strict=True) for head in chosen
    )
