"""Read the parts of a saved sweep back into their types, and refuse what no sweep could give.

The parts have the form that is written now, which `core.results.schema.current_form` has checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from core.results.effects import Baseline, HeadEffect, Provenance, Top
from core.results.metrics import METRICS
from core.results.schema import SCHEMA, DamagedError
from core.spec.answer import Answer
from core.spec.heads import shortened
from core.spec.spec import SweepSpec
from core.text.json_form import json_shown

MAX_SIDE = 10_000
"""No model has more layers or heads a layer; a saved result that says so is damaged."""


def read_baseline(values: Mapping[str, Any]) -> Baseline:
    """The clean run."""
    return Baseline(
        prob=float(values["prob"]),
        logprob=float(values["logprob"]),
        rank=int(values["rank"]),
        logit_diff=_optional(values["logit_diff"]),
        top=_top(values["top"]),
        token_probs=tuple(float(p) for p in values["token_probs"]),
        margin=_optional(values["margin"]),
        entropy=_optional(values["entropy"]),
    )


def read_shape(values: Any) -> tuple[int, int]:
    """Layers and heads a layer. Raises `ValueError` for what no model has."""
    n_layers, n_heads = (int(value) for value in values)
    if not (0 < n_layers <= MAX_SIDE and 0 < n_heads <= MAX_SIDE):
        raise _damaged(f"a model has no shape {json_shown(values)}")
    return n_layers, n_heads


def read_heads(rows: Any, shape: tuple[int, int]) -> tuple[HeadEffect, ...]:
    """The heads' effects. Raises `ValueError` unless each is there once at most, in `shape`."""
    effects = tuple(_head_effect(row) for row in rows)
    seen = {effect.address for effect in effects}
    if len(seen) < len(effects):
        raise _damaged("a head is listed twice")
    for head in seen:
        if not head.within(shape):
            raise _damaged(f"{shortened(head.label)} is outside a model of {json_shown(shape)}")
    return effects


def read_provenance(values: Mapping[str, Any]) -> Provenance:
    """Where the numbers come from."""
    known: dict[str, Any] = {each.name: values.get(each.name) for each in fields(Provenance)}
    return Provenance(**{**known, "seconds": float(values["seconds"])})


def read_parting(saved: Mapping[str, Any]) -> int | None:
    """The token at which target and foil part; a `ValueError` for one that either has not."""
    parts_at = saved.get("parts_at")
    shorter = min(len(saved["target_tokens"]), len(saved["foil_tokens"]))
    if parts_at is not None and not 0 <= parts_at < shorter:
        raise _damaged(f"target and foil cannot part at their token {json_shown(parts_at)}")
    return parts_at


def check_tokens(spec: SweepSpec, saved: Mapping[str, Any]) -> None:
    """Raise a `ValueError` where tokens do not fit the spec, or each other."""
    if not (
        len(saved["special"]) == len(saved["tokens"]) > 0
        and _fits(saved["target_tokens"], spec.target)
        and _fits(saved["foil_tokens"], spec.foil)
    ):
        raise _damaged("its tokens do not fit its spec")


def _fits(tokens: Sequence[str], answer: Answer | None) -> bool:
    """Whether an answer can have these tokens: a set's members are one each."""
    match answer:
        case None:
            return not tokens
        case tuple():
            return len(tokens) == len(answer)
    return bool(tokens)


def effect_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an `Effect`, as its class takes them."""
    metrics = {metric.field: _optional(values[metric.field]) for metric in METRICS}
    return {
        "prob": float(values["prob"]),
        **metrics,
        "rank": int(values["rank"]),
        "top": _top(values["top"]),
    }


def _head_effect(values: Mapping[str, Any]) -> HeadEffect:
    layer, head = int(values["layer"]), int(values["head"])
    return HeadEffect(layer=layer, head=head, **effect_fields(values))


def _damaged(where: str) -> DamagedError:
    return DamagedError(f"This {SCHEMA} result is", where)


def _top(pairs: Any) -> Top:
    return tuple((text, float(prob)) for text, prob in pairs)


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
