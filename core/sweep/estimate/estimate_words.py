"""What is said of a sweep's estimate: while it is shown or withheld, and when all is measured."""

import numpy as np

from core.results.metrics import Metric
from core.results.result import SweepResult
from core.sweep.estimate.attribution import Estimate, check_estimate
from core.sweep.estimate.reliability import Reliability, Standing, reliability
from core.text.numbers import share, signed

ESTIMATED = "≈"
"""The mark of a cell that is estimated, not measured."""


def estimate_words(estimate: Estimate, result: SweepResult, metric: Metric) -> str:
    """How far the cells are estimated, and whether the estimate has stood up; "" at the end."""
    if result.complete:
        return ""
    guesses = metric.estimated(estimate)
    if guesses is None:
        return f"{_no_estimate(metric)}: its cells appear as they are measured."
    total = result.shape[0] * result.shape[1]
    left = int((np.isfinite(guesses) & ~np.isfinite(metric.values(result))).sum())
    found = reliability(estimate, result, metric)
    if found.standing is Standing.FAILS:
        return (
            f"{left} of {total} cells stay blank until they are measured: the first-order "
            f"estimate is not shown, for it was too far off, {_held_against(found)}."
        )
    so_far = f"Estimated so far: {left} of {total} cells, hatched and marked {ESTIMATED}"
    if found.standing is Standing.UNTESTED:
        return (
            f"{so_far}: a first-order guess, from gradients, that no measured head has checked "
            "yet. Exact cells replace them."
        )
    return (
        f"{so_far}: a first-order guess, from gradients. It held {_held_against(found)}; in "
        "earlier layers it is often worse. Exact cells replace them."
    )


def estimate_check_words(estimate: Estimate, result: SweepResult, metric: Metric) -> str:
    """Of a sweep that is finished, how good the estimate was; "" of one that is not."""
    if not result.complete:
        return ""
    if metric.estimated(estimate) is None:
        return f"{_no_estimate(metric)}."
    check = check_estimate(estimate, result, metric.field)
    if check is None:
        return ""
    found = "not defined" if check.correlation is None else signed(check.correlation, 2)
    misses = "; ".join(
        f"{head.label}: estimated {metric.text(guess * metric.factor)}, measured "
        f"{metric.quantity(exact * metric.factor)}"
        for head, guess, exact in check.worst
    )
    return (
        "The first-order estimate made meanwhile: rank correlation with the exact sweep, "
        f"over {check.n_heads:,} heads, {found}; worst misses {misses}."
    )


def _no_estimate(metric: Metric) -> str:
    return f"{metric.short} has no first-order estimate"


def _held_against(found: Reliability) -> str:
    correlation = "not defined" if found.correlation is None else signed(found.correlation, 2)
    miss = "" if found.miss is None else f", misses {share(found.miss)} of the effects’ size"
    return f"on the last {found.n_heads} heads measured (rank correlation {correlation}{miss})"
