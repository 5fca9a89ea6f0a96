"""Locked predictions to keep, open and export: made by hand, their numbers too."""

from datetime import UTC, datetime
from typing import Any

from core.demo.example import saved
from core.hypotheses.prediction import lock_prediction
from core.results.locked_prediction import LockedPrediction, Outcome
from core.results.prediction import Looked
from core.results.result import Effect
from core.spec.heads import Head
from core.spec.spec import SweepSpec

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
HEADS = (Head(1, 0), Head(1, 2))


def locked(
    spec: SweepSpec | None = None,
    *,
    breaks: bool = True,
    prob: float = 0.05,
    looked: Looked | None = Looked.NO,
    lock: str = "0" * 32,
    heads: tuple[Any, ...] = HEADS,
    **more: Any,
) -> LockedPrediction:
    """A prediction about the embedded model, locked at `NOON`; of the example if not said."""
    asked = (spec or saved().spec).resolved(prepend_bos=True)
    made = lock_prediction(heads, breaks, prob, looked, NOON)
    values = {"known_of": "browser", **more}
    fingerprint = saved().provenance.model_fingerprint
    return LockedPrediction(asked, (3, 4), fingerprint, made, lock=lock, **values)


def outcome(prob: float = 0.02, rank: int = 4) -> Outcome:
    """What a test may find of the example."""
    result = saved()
    one = result.heads[0]
    values = {name: getattr(one, name) for name in Effect.__dataclass_fields__}
    effect = Effect(**{**values, "prob": prob, "rank": rank})
    fingerprint = result.provenance.model_fingerprint
    return Outcome("2026-11-24T12:01:00+00:00", fingerprint, result.baseline, effect)
