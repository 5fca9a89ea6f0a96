"""Whether an estimate may be shown: judged by the heads measured so far, again at every chunk.

A sweep's deepest layers come first, and the estimate is at its best there: what a head of an early
layer does runs through all that follows, and is far from linear. So it is judged where the two
meet, on the measured heads in the layers nearest to those that are not. On a real model of 30
layers the misses were .2 of the effects' size in the last third, .4 in the middle and .6 in the
first, so that one that holds there may still fail further on: it stays a guess to its end.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.results.agreement import rank_correlation
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.sweep.estimate.attribution import Estimate

NEAREST = 24
"""On so many measured heads it is judged."""
FEWEST = 8
"""With fewer it is not judged."""
CORRELATION = 0.8
"""It holds with a rank correlation of so much at least."""
MISS = 0.4
"""And where its misses, added up, are at most this share of the effects."""


class Standing(StrEnum):
    """How an estimate has stood up so far."""

    UNTESTED = "untested"
    """Too few heads are measured to say."""
    HOLDS = "holds"
    """It agrees with those that are: still a guess, and shown as one."""
    FAILS = "fails"
    """It does not: to show it would mislead."""


@dataclass(frozen=True)
class Reliability:
    """An estimate of one metric, held against the `n_heads` measured heads nearest to the others.

    `correlation` is Spearman's, `miss` the sum of the misses' sizes over that of the effects';
    either is None where it is undefined, or too few heads are measured.
    """

    standing: Standing
    n_heads: int
    correlation: float | None = None
    miss: float | None = None


def reliability(estimate: Estimate | None, result: SweepResult, metric: Metric) -> Reliability:
    """How an estimate stands in a metric; untested too where there is none."""
    guesses, exact = metric.estimated(estimate), metric.values(result)
    if guesses is None:
        return Reliability(Standing.UNTESTED, 0)
    measured = np.argwhere(np.isfinite(exact) & np.isfinite(guesses))[:NEAREST]
    if len(measured) < FEWEST:
        return Reliability(Standing.UNTESTED, len(measured))
    at = tuple(measured.T)
    guessed, found = guesses[at], exact[at]
    correlation = rank_correlation(guessed, found)
    size = float(np.abs(found).sum())
    miss = float(np.abs(guessed - found).sum()) / size if size else None
    holds = (
        correlation is not None and miss is not None and correlation >= CORRELATION and miss <= MISS
    )
    standing = Standing.HOLDS if holds else Standing.FAILS
    return Reliability(standing, len(measured), correlation, miss)


def shown_guesses(
    estimate: Estimate | None, result: SweepResult, metric: Metric
) -> np.ndarray | None:
    """(layer, head) estimates in the metric's unit; None where there are none, or they fail."""
    if reliability(estimate, result, metric).standing is Standing.FAILS:
        return None
    return metric.estimated(estimate)
