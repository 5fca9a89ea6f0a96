"""An estimate for the whole heatmap before a long sweep, at the cost of about three runs."""

from collections.abc import Callable

from core.attribution import Estimate
from core.estimating import estimate
from core.expected import expected_seconds
from core.model import LoadedModel
from core.prepared import prepare
from core.progress import drained
from core.scoring import Scorer
from core.spec import SweepSpec

PREVIEW_SECONDS = 2.0
"""A sweep that is expected to take longer is preceded by an estimate."""


def preview(
    model: LoadedModel,
    spec: SweepSpec,
    longer_than: float = 0.0,
    report: Callable[[float], None] | None = None,
) -> Estimate | None:
    """Estimates for every head; None for a sweep expected to take `longer_than` seconds at most.

    `report` gets the share done of measuring the kind's replacements, and may raise to stop.
    """
    prepared = prepare(model, spec)
    if longer_than and expected_seconds(model, prepared) <= longer_than:
        return None
    return estimate(model, prepared, drained(Scorer(model, prepared).replacements(), report))
