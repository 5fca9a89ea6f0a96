"""Effects and baselines as plain JSON types."""

import math
from dataclasses import asdict
from typing import Any

from core.results import Baseline, Effect


def plain(numbers: Baseline | Effect) -> dict[str, Any]:
    """Every field, tuples as lists; a number that is not finite becomes None."""
    return {name: _plain(value) for name, value in asdict(numbers).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
