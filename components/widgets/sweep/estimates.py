"""How far a map is estimated, and how good the estimate was: words."""

from components.figures.cell_contents import ESTIMATED, n_estimated
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.sweep.estimate.attribution import Estimate, check_estimate
from core.text.numbers import signed


def estimate_words(result: SweepResult, metric: Metric, estimate: Estimate) -> str:
    """How far the cells are estimated; at the end, how good the estimate was."""
    if metric.estimated(estimate) is None:
        words = f"{metric.short} has no first-order estimate"
        return words if result.complete else f"{words}: its cells appear as they are measured."
    if not result.complete:
        total = result.shape[0] * result.shape[1]
        count = n_estimated(result, metric, estimate)
        return (
            f"Estimated so far: {count} of {total} cells, marked {ESTIMATED} (first-order, from "
            "gradients). Exact cells replace them."
        )
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
        "The first-order estimate shown meanwhile: rank correlation with the exact sweep, "
        f"over {check.n_heads:,} heads, {found}; worst misses {misses}."
    )
