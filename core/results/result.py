"""`SweepResult`: a finished (or partial) sweep as plain data, with its units and provenance.

Imports neither torch nor transformer_lens: a saved result opens at once, on a machine without
either. Probabilities are fractions, changes are ablated minus baseline, logs are natural; what each
metric is stands in `core.results.metrics`.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from core.results.metrics import BY_FIELD, FIELDS, METRICS
from core.results.schema import MEND, SCHEMA, current_form
from core.spec.heads import Head, shortened
from core.spec.identity import result_key
from core.spec.spec import SweepSpec
from core.text.json_form import json_shown

if TYPE_CHECKING:
    import pandas as pd

Top = tuple[tuple[str, float], ...]
"""(token text, probability), the most probable first."""

MAX_SIDE = 10_000
"""No model has more layers or heads a layer; a saved result that says so is damaged."""

COLUMNS = (
    *("layer", "head", "label", "prob"),
    *FIELDS,
    *("rank", "top"),
)


@dataclass(frozen=True)
class Baseline:
    """The clean run: nothing ablated. `logit_diff` is logprob(target) - logprob(foil) or None.

    `margin` and `entropy` are None in a result from before they were measured; for `margin` see
    `core.results.scores`.
    """

    prob: float
    logprob: float
    rank: int
    logit_diff: float | None
    top: Top
    token_probs: tuple[float, ...] = ()
    margin: float | None = None
    entropy: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without what was not measured."""
        values = {**_measured(self), "top": [list(pair) for pair in self.top]}
        return {**values, "token_probs": list(self.token_probs)}


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one intervention did to the answer.

    It has a field for each of `core.results.metrics.METRICS`. A field with a default is None in a
    result from before the metric was measured, and is then left out of the JSON.
    """

    prob: float
    prob_change: float
    logprob_change: float
    logodds_change: float
    logit_diff_change: float | None
    margin_change: float | None = None
    kl: float
    entropy_change: float | None = None
    rank: int
    top: Top

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without what was not measured."""
        return {**_measured(self), "top": [list(pair) for pair in self.top]}


@dataclass(frozen=True, kw_only=True)
class HeadEffect(Effect):
    """What ablating one head did to the answer."""

    layer: int
    head: int

    @property
    def address(self) -> Head:
        """The head ablated."""
        return Head(self.layer, self.head)

    def to_dict(self) -> dict[str, Any]:
        """The row of the json contract: `COLUMNS`, without what was not measured."""
        values = {**super().to_dict(), "label": self.address.label}
        return {name: values[name] for name in COLUMNS if name in values}


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from.

    `slower_because` says why the model took the slower path, hook by hook and as exact, as a part
    of a sentence without a full stop; None where it took the fast one, or an older result does
    not say.
    """

    headsweep: str
    transformer_lens: str
    torch: str
    model_fingerprint: str
    device: str
    dtype: str
    seconds: float
    slower_because: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, without what there is nothing to say of."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class SweepResult:
    """Baseline, one `HeadEffect` for each finished head, and provenance.

    `shape` is (layers, heads a layer). A partial result has fewer heads than the model.
    """

    spec: SweepSpec
    shape: tuple[int, int]
    tokens: tuple[str, ...]
    special: tuple[bool, ...]
    target_tokens: tuple[str, ...]
    foil_tokens: tuple[str, ...]
    baseline: Baseline
    heads: tuple[HeadEffect, ...]
    provenance: Provenance
    _index: dict[Head, HeadEffect] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._index.update({effect.address: effect for effect in self.heads})

    @property
    def complete(self) -> bool:
        """Whether every head of the model is in."""
        return len(self.heads) == self.shape[0] * self.shape[1]

    @property
    def key(self) -> str:
        """What makes this result the same as another (`core.spec.identity`)."""
        return result_key(self.spec, self.provenance.model_fingerprint)

    @property
    def sequence(self) -> tuple[str, ...]:
        """The tokens that are run: the prompt, then a teacher-forced answer's but the last."""
        is_set = isinstance(self.spec.target, tuple)
        return self.tokens if is_set else self.tokens + self.target_tokens[:-1]

    def effect(self, head: Head) -> HeadEffect | None:
        """The effect of ablating `head`; None if it is not finished or not in the model."""
        return self._index.get(head)

    def values(self, metric: str) -> np.ndarray:
        """One metric as an array (layer, head); NaN for heads not finished or without a value.

        `prob_change` is a fraction: a display in percentage points multiplies by 100.
        """
        if metric not in FIELDS:
            raise ValueError(f"{metric!r} is not a metric: use one of {', '.join(FIELDS)}.")
        grid = np.full(self.shape, np.nan)
        for effect in self.heads:
            value = getattr(effect, metric)
            grid[effect.layer, effect.head] = np.nan if value is None else value
        return grid

    def measures(self, metric: str) -> bool:
        """Whether this result has a metric.

        The logit difference needs a foil, and an older result lacks what was not measured then.
        """
        clean = getattr(self.baseline, BY_FIELD[metric].name, 0.0)
        finished = [getattr(effect, metric) for effect in self.heads]
        return clean is not None and (not finished or any(v is not None for v in finished))

    def ranked(self, metric: str = "prob_change") -> list[HeadEffect]:
        """Finished heads, the largest absolute value of `metric` first; ties in head order."""
        with_value = [e for e in self.heads if getattr(e, metric) is not None]
        return sorted(with_value, key=lambda e: (-abs(getattr(e, metric)), e.layer, e.head))

    def to_dict(self) -> dict[str, Any]:
        """The json contract, schema "headsweep.sweep/1".

        A metric that is added does not change that number: its default is in
        `core.results.schema`.
        """
        return {
            "schema": SCHEMA,
            "spec": self.spec.to_dict(),
            "shape": list(self.shape),
            "tokens": list(self.tokens),
            "special": list(self.special),
            "target_tokens": list(self.target_tokens),
            "foil_tokens": list(self.foil_tokens),
            "baseline": self.baseline.to_dict(),
            "heads": [effect.to_dict() for effect in self.heads],
            "provenance": self.provenance.to_dict(),
        }

    def to_json(self, indent: int | None = 1) -> str:
        """The contract as text; NaN and infinity do not occur."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=True, allow_nan=False)

    @classmethod
    def from_dict(cls, values: object) -> "SweepResult":
        """Validate the json contract, of this version or an older one, back into a result.

        A ValueError says what is wrong.
        """
        saved = current_form(values)
        shape = _shape(saved["shape"])
        return cls(
            spec=SweepSpec.from_dict(saved["spec"]),
            shape=shape,
            tokens=tuple(saved["tokens"]),
            special=tuple(saved["special"]),
            target_tokens=tuple(saved["target_tokens"]),
            foil_tokens=tuple(saved["foil_tokens"]),
            baseline=_baseline(saved["baseline"]),
            heads=_heads(saved["heads"], shape),
            provenance=_provenance(saved["provenance"]),
        )

    def to_frame(self) -> "pd.DataFrame":
        """A pandas table, one row a head, with the contract's columns."""
        import pandas as pd

        return pd.DataFrame([effect.to_dict() for effect in self.heads], columns=list(COLUMNS))

    def to_csv(self) -> str:
        """One row a head, the contract's columns; `top` is a JSON list in its cell."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for effect in self.heads:
            row = effect.to_dict()
            writer.writerow({**row, "top": json.dumps(row["top"], ensure_ascii=False)})
        return text.getvalue()


def _top(pairs: Any) -> Top:
    return tuple((text, float(prob)) for text, prob in pairs)


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)


def _baseline(values: Mapping[str, Any]) -> Baseline:
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


def _shape(values: Any) -> tuple[int, int]:
    n_layers, n_heads = (int(value) for value in values)
    if not (0 < n_layers <= MAX_SIDE and 0 < n_heads <= MAX_SIDE):
        raise _damaged(f"a model has no shape {json_shown(values)}")
    return n_layers, n_heads


def _damaged(why: str) -> ValueError:
    return ValueError(f"This {SCHEMA} result is damaged: {why}. {MEND}")


def _heads(rows: Any, shape: tuple[int, int]) -> tuple[HeadEffect, ...]:
    effects = tuple(_head_effect(row) for row in rows)
    seen = {effect.address for effect in effects}
    if len(seen) < len(effects):
        raise _damaged("a head is listed twice")
    for head in seen:
        if not head.within(shape):
            raise _damaged(f"{shortened(head.label)} is outside a model of {json_shown(shape)}")
    return effects


def _provenance(values: Mapping[str, Any]) -> Provenance:
    known: dict[str, Any] = {each.name: values.get(each.name) for each in fields(Provenance)}
    return Provenance(**{**known, "seconds": float(values["seconds"])})


def effect_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an `Effect` from its JSON, in the form that `current_form` has checked."""
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


def _measured(numbers: Baseline | Effect) -> dict[str, Any]:
    """The fields, without those that only an older result lacks."""
    later = {field.name for field in fields(numbers) if field.default is None}
    values = asdict(numbers)
    return {k: v for k, v in values.items() if v is not None or k not in later}
