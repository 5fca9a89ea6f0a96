"""Measured values as JSON: what comes out is what went in, and the standard can write it."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from core.text.jsonable import jsonable


@dataclass(frozen=True)
class Measured:
    values: np.ndarray
    names: tuple[str, ...]


def test_arrays_tuples_and_dataclasses_become_lists_and_objects():
    values = np.arange(6, dtype=np.float32).reshape(2, 3) / 4
    told = jsonable((Measured(values, ("a", "b")), np.int64(7), np.bool_(True), None))
    assert told == [{"values": values.tolist(), "names": ["a", "b"]}, 7, True, None]
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_zero_has_no_sign_however_deep():
    told = jsonable([Measured(np.array([[-0.0, -1e-9]]), ()), -0.0, np.float32(-0.0)])
    assert json.dumps(told) == '[{"values": [[0.0, -1e-09]], "names": []}, 0.0, 0.0]'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_none_however_deep(number):
    told = jsonable([Measured(np.array([1.0, number]), ()), number, np.float32(number)])
    assert told == [{"values": [1.0, None], "names": []}, None, None]
