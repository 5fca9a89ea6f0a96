"""Measured values as plain JSON types."""

import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np


def jsonable(value: Any) -> Any:
    """Arrays and tuples as nested lists, dataclasses as objects; what is not finite as None."""
    if isinstance(value, np.ndarray | np.generic):
        return jsonable(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {name: jsonable(each) for name, each in asdict(value).items()}
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
