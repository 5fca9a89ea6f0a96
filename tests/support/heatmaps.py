"""The heatmap on a page, with a browser or without, against a result of the engine."""

import math
from typing import Any

from core.results.result import SweepResult


def shows(page: Any, result: SweepResult) -> None:
    """Each cell is its head's change in probability, in percentage points."""
    z = page.z()
    for effect in result.heads:
        assert math.isclose(z[effect.layer][effect.head], 100 * effect.prob_change, abs_tol=0.02)
