"""Sweeps as rows: the kind of result that the dashboard and the command line keep."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.results.schema import first_form
from core.spec.identity import IDENTITY
from core.spec.spec import SweepSpec
from core.store.rows import label_of, packed, reading, storable, unpacked
from core.store.run import Origin, Summary, Swept, answer_text

SHOWN_PROMPT = 300
"""Characters of a prompt that a list shows."""


def identity_of(result: SweepResult, origin: Origin) -> str:
    """A computed run is its spec, model and schema; an imported one is what its file says."""
    if origin is Origin.COMPUTED:
        return result.key
    text = json.dumps(first_form(result.to_dict()), ensure_ascii=True, allow_nan=False)
    return "file-" + hashlib.sha256(text.encode()).hexdigest()


def spec_key(spec: SweepSpec) -> str:
    """A digest of a resolved spec, whatever the model's weights."""
    return hashlib.sha256("\n".join((IDENTITY, spec.to_json())).encode()).hexdigest()


def columns(swept: Swept, origin: Origin) -> dict[str, Any]:
    """What a sweep's row has beside what every row has."""
    result, layer_effects = swept.result, swept.layer_effects
    return {
        "identity": identity_of(result, origin),
        "spec_key": spec_key(result.spec),
        "fingerprint": storable(result.provenance.model_fingerprint[:64]),
        "model": storable(result.spec.model),
        "ablation": result.spec.ablation.value,
        "n_layers": result.shape[0],
        "n_heads": result.shape[1],
        "summary": json.dumps(_summary(result)),
        "result": packed(result.to_dict()),
        "margins": None if layer_effects is None else packed(layer_effects.to_dict()),
    }


def searched(swept: Swept) -> tuple[str, ...]:
    """The texts of a sweep that a search looks through."""
    spec = swept.result.spec
    answers = (answer_text(spec.target), answer_text(spec.foil) if spec.foil else "")
    return (spec.model, spec.prompt, spec.ablation.value, *answers)


def summary_of(row: Mapping[str, Any]) -> Summary:
    """A line of a list; raises `StoreError` for a damaged row."""
    with reading(row):
        told = json.loads(row["summary"])
        return Summary(
            id=row["id"],
            origin=Origin(row["origin"]),
            created=row["created"],
            deleted=row["deleted"],
            label=label_of(row),
            model=row["model"],
            prompt=told["prompt"],
            target=told["target"],
            ablation=row["ablation"],
            words=told["words"],
            fingerprint=row["fingerprint"],
            prob=float(told["prob"]),
            largest=told["largest"],
            changes=tuple(tuple(map(float, line)) for line in told["changes"]),
        )


def swept_of(row: Mapping[str, Any]) -> Swept:
    """A whole sweep; raises `StoreError` for a damaged row."""
    with reading(row):
        layer_effects = row["margins"]
        return Swept(
            SweepResult.from_dict(unpacked(row["result"])),
            None if layer_effects is None else LayerEffects.from_dict(unpacked(layer_effects)),
        )


def _summary(result: SweepResult) -> dict[str, Any]:
    spec = result.spec
    changes = 100 * result.values("prob_change")
    first = result.ranked()[0]
    return {
        "prompt": storable(spec.prompt[:SHOWN_PROMPT]),
        "target": storable(answer_text(spec.target)),
        "words": storable(spec.in_words()),
        "prob": result.baseline.prob,
        "largest": f"{first.address.label}",
        "changes": [[round(float(value), 4) for value in line] for line in changes],
    }
