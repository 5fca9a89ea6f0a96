"""Other sets of heads to hold a chosen one against: as many heads from the same layers."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, product

from core.prompts.random_text import generator
from core.results.statistics import share_below
from core.spec.heads import Head

MOST = 200
"""Comparison sets that are run: a percentile to about half a point."""


def other_sets(
    heads: Sequence[Head], n_heads: int, most: int = MOST, seed: int = 0
) -> tuple[list[tuple[Head, ...]], int]:
    """Distinct sets without any of `heads`, with as many heads in each layer; and how many exist.

    All of them where there are at most `most`, else `most` drawn without repetition, the same for
    the same `seed`. `n_heads` is a layer's.
    """
    by_layer = Counter(head.layer for head in sorted(set(heads)))
    free = {
        layer: [h for h in range(n_heads) if Head(layer, h) not in set(heads)] for layer in by_layer
    }
    possible = math.prod(math.comb(len(free[layer]), k) for layer, k in by_layer.items())
    if possible <= most:
        choices = [combinations(free[layer], k) for layer, k in by_layer.items()]
        return [_as_set(by_layer, picked) for picked in product(*choices)], possible
    rng = generator(seed)
    drawn: dict[tuple[Head, ...], None] = {}  # in their order
    while len(drawn) < most:
        picked = [
            sorted(rng.choice(free[layer], k, replace=False).tolist())
            for layer, k in by_layer.items()
        ]
        drawn[_as_set(by_layer, picked)] = None
    return list(drawn), possible


def percentile(change: float, others: Sequence[float]) -> float | None:
    """The share (0 to 100) of other changes that are greater, ties half; None without any.

    A negative change is damage, so 100 says that no other set did as much. It is a place among
    the sets that were run, not a p-value.
    """
    return share_below(-change, [-other for other in others])


def _as_set(layers: Counter[int], picked: Sequence[Sequence[int]]) -> tuple[Head, ...]:
    return tuple(
        Head(layer, head) for layer, chosen in zip(layers, picked, strict=True) for head in chosen
    )
