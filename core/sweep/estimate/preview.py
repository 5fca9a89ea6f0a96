"""An estimate for the whole heatmap before a long sweep: one run, and one back a number."""

from collections.abc import Callable

from core.progress import run_to_end
from core.sweep.estimate.attribution import Estimate
from core.sweep.estimate.estimating import estimate
from core.sweep.estimate.expected import expected_seconds
from core.sweep.scorer import Scorer

PREVIEW_SECONDS = 2.0
"""A sweep that is expected to take longer is preceded by an estimate."""


def preview(
    scorer: Scorer, longer_than: float = 0.0, report: Callable[[float], None] | None = None
) -> Estimate | None:
    """Estimates for every head; None for a sweep expected to take `longer_than` seconds at most.

    `report` gets the share done of measuring the kind's replacements, and may raise to stop.
    """
    replacements = run_to_end(scorer.replacements(), report)
    if longer_than and expected_seconds(scorer.model, scorer.prepared, replacements) <= longer_than:
        return None
    return estimate(scorer, replacements)
