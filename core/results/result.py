"""`SweepResult`: a finished (or partial) sweep as plain data, with its units and provenance.

Imports neither torch nor transformer_lens: a saved result opens at once, on a machine without
either. Probabilities are fractions, changes are ablated minus baseline, logs are natural; what each
metric is stands in `core.results.metrics`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.results.effects import COLUMNS, Baseline, Effect, HeadEffect, Provenance, Top
from core.results.metrics import BY_FIELD, FIELDS
from core.results.reading import (
    check_tokens,
    read_baseline,
    read_heads,
    read_parting,
    read_provenance,
    read_shape,
)
from core.results.schema import SCHEMA, current_form
from core.spec.heads import Head
from core.spec.identity import result_key
from core.spec.spec import SweepSpec
from core.text.csv_form import csv_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Baseline", "Effect", "HeadEffect", "Provenance", "SweepResult", "Top"]


@dataclass(frozen=True)
class SweepResult:
    """Baseline, one `HeadEffect` for each finished head, and provenance.

    `shape` is (layers, heads a layer). A partial result has fewer heads than the model. Where
    target and foil are of different lengths, `parts_at` says which of their tokens, from 0, the
    logit difference compares: the first at which they part.
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
    parts_at: int | None = None
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
        fingerprint = self.provenance.model_fingerprint
        return result_key(self.spec, fingerprint, where_they_part=self.parts_at is not None)

    @property
    def answer_lengths(self) -> tuple[int, int] | None:
        """How many tokens target and foil have, a set's members one each; None without a foil."""
        if self.spec.foil is None:
            return None
        sets = isinstance(self.spec.target, tuple), isinstance(self.spec.foil, tuple)
        n_target, n_foil = len(self.target_tokens), len(self.foil_tokens)
        return 1 if sets[0] else n_target, 1 if sets[1] else n_foil

    @property
    def compares_whole_answers(self) -> bool:
        """Whether the logit difference is of whole answers though their lengths differ.

        So it was before `parts_at`: the longer answer lost by its length alone. Such a result is
        still shown, for what it is, and never given as the answer to its spec.
        """
        lengths = self.answer_lengths
        return lengths is not None and lengths[0] != lengths[1] and self.parts_at is None

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
            **({} if self.parts_at is None else {"parts_at": self.parts_at}),
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
        return cls.from_current_form(current_form(values))

    @classmethod
    def from_current_form(cls, saved: Mapping[str, Any]) -> "SweepResult":
        """The result of what `core.results.schema.current_form` has found in order.

        A ValueError says what no sweep could give.
        """
        shape, spec = read_shape(saved["shape"]), SweepSpec.from_dict(saved["spec"])
        check_tokens(spec, saved)
        return cls(
            spec=spec,
            shape=shape,
            tokens=tuple(saved["tokens"]),
            special=tuple(saved["special"]),
            target_tokens=tuple(saved["target_tokens"]),
            foil_tokens=tuple(saved["foil_tokens"]),
            baseline=read_baseline(saved["baseline"]),
            heads=read_heads(saved["heads"], shape),
            provenance=read_provenance(saved["provenance"]),
            parts_at=read_parting(saved),
        )

    def to_frame(self) -> "pd.DataFrame":
        """A pandas table, one row a head, with the contract's columns."""
        import pandas as pd

        return pd.DataFrame([effect.to_dict() for effect in self.heads], columns=list(COLUMNS))

    def to_csv(self) -> str:
        """One row a head, the contract's columns; `top` is a JSON list in its cell."""
        return csv_text(COLUMNS, (effect.to_dict() for effect in self.heads))
