"""The heatmap on a page, with a browser or without, against a result of the engine."""

import math
from typing import Any

from core.results.leading import opening
from core.results.result import SweepResult


def shows(page: Any, result: SweepResult) -> None:
    """Each cell is its head's change, in the metric that the sweep opens on."""
    z, metric = page.z(), opening(result).metric
    for effect in result.heads:
        shown = z[effect.layer][effect.head]
        assert math.isclose(shown, metric.value(effect), abs_tol=0.02, rel_tol=1e-3)
