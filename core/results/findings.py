"""What one sweep found, in plain statements that claim no more than was measured.

They are data (heads, counts, caveats), so that an interface decides on how they look.
"""

from dataclasses import dataclass

import numpy as np

from core.results.result import HeadEffect, SweepResult
from core.text.numbers import percent

NOTABLE = 0.01
"""A change of probability (a fraction) below which a head is not named."""
NOTABLE_NATS = 0.1
"""A change of log probability or logit difference below which nothing is made of it."""
NAMED = 3
"""How many heads are named in each direction."""
LARGEST = 10
"""How many of the largest drops are placed in early, middle and late layers."""


@dataclass(frozen=True)
class Findings:
    """The closing section of a sweep.

    `lowered` and `raised` hold the heads whose ablation changed the target's probability most,
    largest first, `NOTABLE` at least. `spread` counts the `LARGEST` notable drops by third of
    the model: ((first layer, last layer), how many). `caveats` are sentences.
    """

    lowered: tuple[HeadEffect, ...]
    raised: tuple[HeadEffect, ...]
    n_notable: int
    n_heads: int
    spread: tuple[tuple[tuple[int, int], int], ...]
    caveats: tuple[str, ...]


def findings(result: SweepResult) -> Findings:
    """Sum up a sweep, finished or partial."""
    down = sorted(
        (e for e in result.heads if e.prob_change <= -NOTABLE), key=lambda e: e.prob_change
    )
    up = sorted((e for e in result.heads if e.prob_change >= NOTABLE), key=lambda e: -e.prob_change)
    return Findings(
        lowered=tuple(down[:NAMED]),
        raised=tuple(up[:NAMED]),
        n_notable=len(down) + len(up),
        n_heads=len(result.heads),
        spread=_spread(down[:LARGEST], result.shape[0]),
        caveats=tuple(_caveats(result)),
    )


def thirds(n_layers: int) -> list[tuple[int, int]]:
    """Early, middle and late layers as (first, last); fewer parts for fewer than three layers."""
    parts = np.array_split(np.arange(n_layers), min(3, n_layers))
    return [(int(part[0]), int(part[-1])) for part in parts]


def _spread(drops: list[HeadEffect], n_layers: int) -> tuple[tuple[tuple[int, int], int], ...]:
    return tuple(
        ((first, last), sum(first <= e.layer <= last for e in drops))
        for first, last in thirds(n_layers)
    )


def _caveats(result: SweepResult) -> list[str]:
    base, caveats = result.baseline, []
    if base.prob < 0.05:
        caveats.append(
            f"The baseline is only {percent(base.prob)}: a probability near 0 hardly shows a head "
            "that holds the answer up. Look at log prob or logit difference."
        )
    elif base.prob > 0.95:
        caveats.append(
            f"The baseline is {percent(base.prob)}: a probability near 1 hardly shows a head that "
            "works against the answer, and hides small losses. Look at log prob or logit "
            "difference."
        )
    if base.rank > 1:
        caveats.append(
            f"The target is not the model's own first choice: it ranks {base.rank} without any "
            "ablation."
        )
    if len(result.target_tokens) > 1 and isinstance(result.spec.target, str):
        caveats.append(
            f"The target is {len(result.target_tokens)} tokens: its probability is the product "
            "over all of them, each given those before it."
        )
    caveats.append("One prompt: these are effects on this prompt, without any error bar.")
    caveats.append(result.spec.ablation.caveat)
    if result.spec.ablation.traits.keeps_share and result.shape[1] == 1:
        caveats.append("With one head a layer, the mean across heads is the head itself.")
    caveats.append(
        "Heads were ablated one at a time: two heads that can each do the job alone both look "
        "unneeded."
    )
    return caveats
