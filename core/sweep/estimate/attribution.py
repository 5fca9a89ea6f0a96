"""Attribution: what every head's ablation is expected to do, and how far that was right.

Replacing z by z' changes the answer's m by about sum((z' - z) . dm/dz), to first order (Nanda
2023, "Attribution patching"; Kramar et al. 2024, arXiv:2403.00745). m is the log prob of the
target or of the foil, the margin or the entropy; the metrics that have an estimate follow from
these. KL and rank have none (KL's gradient at the clean run is zero). Weak where attention
saturates, so its agreement with the exact sweep is shown beside it.
`core.sweep.estimate.estimating` makes them; this imports no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.results.agreement import rank_correlation
from core.results.result import SweepResult
from core.spec.heads import Head

WORST = 3
"""How many of the largest misses are named."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """First-order estimates for every head: arrays (layer, head), in the units of a result.

    `effects` has those of the metrics (by field) that have an estimate and that the sweep has. The
    probability's is exp(min(0, logprob + estimate)) minus the baseline, a fraction.
    """

    effects: Mapping[str, np.ndarray]

    def values(self, metric: str) -> np.ndarray | None:
        """One metric's estimates; None where it has none."""
        return self.effects.get(metric)


@dataclass(frozen=True)
class EstimateCheck:
    """An estimate held against the exact sweep, on the heads that are finished.

    `correlation` is Spearman's (None where undefined); `worst` are (head, estimated, exact), the
    largest distance first.
    """

    metric: str
    n_heads: int
    correlation: float | None
    worst: tuple[tuple[Head, float, float], ...]


def check_estimate(estimated: Estimate, result: SweepResult, metric: str) -> EstimateCheck | None:
    """How far an estimate agrees with what was measured; None where there is nothing to compare."""
    guesses, exact = estimated.values(metric), result.values(metric)
    if guesses is None or not np.isfinite(exact).any():
        return None
    apart = np.nan_to_num(np.abs(guesses - exact))
    worst = []
    for index in np.argsort(-apart, axis=None, kind="stable")[:WORST]:
        layer, head = divmod(int(index), exact.shape[1])
        if np.isfinite(exact[layer, head]):
            both = float(guesses[layer, head]), float(exact[layer, head])
            worst.append((Head(layer, head), *both))
    n_heads = int(np.isfinite(exact).sum())
    return EstimateCheck(metric, n_heads, rank_correlation(guesses, exact), tuple(worst))
