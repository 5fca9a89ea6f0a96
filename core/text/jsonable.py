"""Measured values as plain JSON types."""

import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np


def jsonable(value: Any) -> Any:
    """Arrays and tuples become nested lists, dataclasses objects, NaN and infinity None."""
    if isinstance(value, np.ndarray | np.generic):
        return jsonable(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {name: jsonable(field) for name, field in asdict(value).items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
