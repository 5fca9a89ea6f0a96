"""Locked predictions as rows: kept beside the sweeps, listed with them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.results.locked_prediction import LockedPrediction
from core.results.prediction import broke
from core.spec.spec import SweepSpec
from core.store.rows import (
    label_of,
    moment_of,
    origin_of,
    packed,
    reading,
    storable,
    text_of,
    unpacked,
)
from core.store.run import Label, Origin, answer_text
from core.store.sweeps import SHOWN_PROMPT, spec_key
from core.text.json_form import Nullable, Plain, check_form, parsed_json

SHOWN_HEADS = 12
"""Heads of a prediction that a list names; how many there are more is said."""
_SUMMARY: Mapping[str, Any] = {
    **dict.fromkeys(("prompt", "target", "words", "heads", "locked_at", "looking"), Plain.TEXT),
    "breaks": Plain.FLAG,
    "prob": Plain.NUMBER,
    "outcome": Nullable(
        {"clean": Plain.NUMBER, "prob": Plain.NUMBER, "right": Nullable(Plain.FLAG)}
    ),
}


@dataclass(frozen=True)
class Came:
    """What came of a prediction, as a list says it: probabilities are fractions.

    `right` is None where there was nothing to break.
    """

    clean: float
    prob: float
    right: bool | None


@dataclass(frozen=True)
class PredictionLine:
    """A locked prediction as a list shows it. `created` is in seconds since 1970, UTC.

    `heads` and `words` are texts, `looking` what had been seen before it, `prob` the predicted
    probability; `outcome` is None where it was never tested.
    """

    id: str
    origin: Origin
    created: float
    deleted: float | None
    label: Label
    model: str
    prompt: str
    target: str
    ablation: str
    words: str
    heads: str
    breaks: bool
    prob: float
    locked_at: str
    looking: str
    outcome: Came | None

    @property
    def name(self) -> str:
        """The title, or what was asked where it has none."""
        return self.label.title or f"{self.prompt} → {self.target}"


def identity_of(locked: LockedPrediction, origin: Origin) -> str:
    """A prediction locked here is its random name; one from a file is what the file says."""
    if origin is Origin.COMPUTED:
        return f"prediction-{locked.lock}"
    text = json.dumps(locked.to_dict(), ensure_ascii=True, allow_nan=False, sort_keys=True)
    return "file-" + hashlib.sha256(text.encode()).hexdigest()


def columns(locked: LockedPrediction, origin: Origin) -> dict[str, Any]:
    """What a prediction's row has beside what every row has."""
    return {
        "identity": identity_of(locked, origin),
        "spec_key": spec_key(locked.spec),
        "fingerprint": storable(locked.model_fingerprint[:64]),
        "model": storable(locked.spec.model),
        "ablation": locked.spec.ablation.value,
        "n_layers": locked.shape[0],
        "n_heads": locked.shape[1],
        "summary": json.dumps(_summary(locked)),
        "result": packed(locked.to_dict()),
    }


def searched(locked: LockedPrediction) -> tuple[str, ...]:
    """The texts of a prediction that a search looks through."""
    spec = locked.spec
    foil = answer_text(spec.foil) if spec.foil else ""
    return (
        *(spec.model, spec.prompt, spec.ablation.value, answer_text(spec.target), foil),
        _heads(locked),
    )


def line_of(row: Mapping[str, Any]) -> PredictionLine:
    """A line of a list; raises `StoreError` for a damaged row."""
    with reading(row):
        told = parsed_json(text_of(row, "summary"))
        check_form(told, _SUMMARY, "its summary")
        came = told["outcome"]
        return PredictionLine(
            id=text_of(row, "id"),
            origin=origin_of(row),
            created=moment_of(row, "created"),
            deleted=None if row["deleted"] is None else moment_of(row, "deleted"),
            label=label_of(row),
            model=text_of(row, "model"),
            prompt=storable(told["prompt"]),
            target=storable(told["target"]),
            ablation=text_of(row, "ablation"),
            words=storable(told["words"]),
            heads=storable(told["heads"]),
            breaks=told["breaks"],
            prob=float(told["prob"]),
            locked_at=storable(told["locked_at"]),
            looking=storable(told["looking"]),
            outcome=None if came is None else Came(
                float(came["clean"]), float(came["prob"]), came["right"]
            ),
        )  # fmt: skip


def locked_of(row: Mapping[str, Any]) -> LockedPrediction:
    """A whole prediction; raises `StoreError` for a damaged row."""
    with reading(row):
        return LockedPrediction.from_dict(unpacked(row["result"]))


def _heads(locked: LockedPrediction) -> str:
    labels = [member.label for member in locked.prediction.heads]
    more = len(labels) - SHOWN_HEADS
    shown = ", ".join(labels[:SHOWN_HEADS])
    return f"{shown} and {more:,} more" if more > 0 else shown


def _summary(locked: LockedPrediction) -> dict[str, Any]:
    spec: SweepSpec = locked.spec
    made, outcome = locked.prediction, locked.outcome
    came = None
    if outcome is not None:
        found = broke(outcome.baseline, outcome.joint)
        came = {
            "clean": outcome.baseline.prob,
            "prob": outcome.joint.prob,
            "right": None if found is None else found == made.breaks,
        }
    return {
        "prompt": storable(spec.prompt[:SHOWN_PROMPT]),
        "target": storable(answer_text(spec.target)),
        "words": storable(spec.in_words()),
        "heads": _heads(locked),
        "breaks": made.breaks,
        "prob": made.prob_after,
        "locked_at": made.made_at,
        "looking": locked.looking_words,
        "outcome": came,
    }
