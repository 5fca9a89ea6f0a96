"""Measured values as plain JSON types."""

import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np


def jsonable(value: Any) -> Any:
    """Arrays and tuples become nested lists, dataclasses objects, NaN and infinity None.

    A negative zero becomes 0: nothing that is measured has a sign at 0.
    """
    if isinstance(value, np.ndarray | np.generic):
        return jsonable(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {name: jsonable(field) for name, field in asdict(value).items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else None
    return value
