"""Read the parts of a saved sweep back into their types, and refuse what no sweep could give.

The parts have the form that is written now (`core.results.schema.current_form`). Whatever is wrong
with one raises `TypeError`, `LookupError`, `AttributeError`, `OverflowError` or `ValueError`;
`SweepResult.from_dict` makes a sentence of it.
"""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from core.results.effects import Baseline, HeadEffect, Provenance, Top
from core.results.metrics import METRICS
from core.results.schema import EFFECT_DEFAULTS
from core.spec.heads import Head

MAX_SIDE = 10_000
"""No model has more layers or heads a layer; a saved result that says so is damaged."""


def read_baseline(values: Mapping[str, Any]) -> Baseline:
    """The clean run."""
    return Baseline(
        prob=_finite(values["prob"]),
        logprob=_finite(values["logprob"]),
        rank=_whole(values["rank"]),
        logit_diff=_optional(values["logit_diff"]),
        top=_top(values["top"]),
        token_probs=tuple(_finite(p) for p in values["token_probs"]),
        margin=_optional(values.get("margin")),
        entropy=_optional(values.get("entropy")),
    )


def read_shape(values: Any) -> tuple[int, int]:
    """Layers and heads a layer."""
    n_layers, n_heads = (int(value) for value in values)
    if not (0 < n_layers <= MAX_SIDE and 0 < n_heads <= MAX_SIDE):
        raise TypeError(f"a model has no shape {values!r}")
    return n_layers, n_heads


def read_heads(rows: Any, shape: tuple[int, int]) -> tuple[HeadEffect, ...]:
    """The heads' effects, each head at most once and inside `shape`."""
    effects = tuple(_head_effect(row) for row in rows)
    seen = {effect.address for effect in effects}
    if len(seen) < len(effects):
        raise TypeError("a head is listed twice")
    for layer, head in seen:
        if not (0 <= layer < shape[0] and 0 <= head < shape[1]):
            raise TypeError(f"{Head(layer, head).label} is outside a model of {shape}")
    return effects


def read_provenance(values: Mapping[str, Any]) -> Provenance:
    """Where the numbers come from."""
    names = {field.name for field in fields(Provenance)} - {"seconds"}
    texts = {name: str(values[name]) for name in names}
    return Provenance(**texts, seconds=_finite(values["seconds"]))


def _top(pairs: Any) -> Top:
    return tuple((str(text), _finite(prob)) for text, prob in pairs)


def _finite(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(f"{value!r} is not a number")
    number = float(value)
    if not math.isfinite(number):
        raise TypeError(f"{value!r} is not a finite number")
    return number


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError(f"{value!r} is not a number")
    return int(value)


def _optional(value: Any) -> float | None:
    return None if value is None else _finite(value)


def _head_effect(values: Mapping[str, Any]) -> HeadEffect:
    metrics: dict[str, Any] = _metrics(values)
    return HeadEffect(
        layer=_whole(values["layer"]),
        head=_whole(values["head"]),
        prob=_finite(values["prob"]),
        **metrics,
        rank=_whole(values["rank"]),
        top=_top(values["top"]),
    )


def _metrics(values: Mapping[str, Any]) -> dict[str, float | None]:
    """The metrics of an effect; those that only a newer version knows are let be."""
    found = {}
    for metric in METRICS:
        value = (
            values.get(metric.field) if metric.field in EFFECT_DEFAULTS else values[metric.field]
        )
        may_lack = metric.field in EFFECT_DEFAULTS or metric.needs_foil
        found[metric.field] = None if value is None and may_lack else _finite(value)
    return found
