"""Sweeps as rows: the kind of result that the dashboard and the command line keep."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.results.layer_effects import LayerEffects
from core.results.leading import opening
from core.results.metrics import BY_FIELD, PROB
from core.results.result import SweepResult
from core.results.schema import first_form
from core.spec.identity import IDENTITY
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
from core.store.run import Largest, Origin, Summary, Swept, answer_text
from core.text.json_form import MayLack, Plain, check_form, parsed_json

SHOWN_PROMPT = 300
"""Characters of a prompt that a list shows."""

_SUMMARY: Mapping[str, Any] = {
    **dict.fromkeys(("prompt", "target", "words", "largest"), Plain.TEXT),
    "prob": Plain.NUMBER,
    "changes": [[Plain.NUMBER]],
    "largest_change": MayLack({"head": Plain.TEXT, "metric": Plain.TEXT, "change": Plain.NUMBER}),
}
"""The form of what `_summary` writes."""


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
        told = parsed_json(text_of(row, "summary"))
        check_form(told, _SUMMARY, "its summary")
        changes = tuple(tuple(map(float, line)) for line in told["changes"])
        widths = {len(line) for line in changes}
        if len(widths) != 1 or widths == {0}:
            raise ValueError("its summary has no change for each head of each layer")
        return Summary(
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
            fingerprint=text_of(row, "fingerprint"),
            prob=float(told["prob"]),
            largest=_largest(told, changes),
            changes=changes,
        )


def swept_of(row: Mapping[str, Any]) -> Swept:
    """A whole sweep; raises `StoreError` for a damaged row."""
    with reading(row):
        layer_effects = row["margins"]
        return Swept(
            SweepResult.from_dict(unpacked(row["result"])),
            None if layer_effects is None else LayerEffects.from_dict(unpacked(layer_effects)),
        )


def _largest(told: Mapping[str, Any], changes: Sequence[Sequence[float]]) -> Largest:
    """What a summary says of its strongest head.

    One that was written before there was such a thing has the largest change of probability, and
    so has one in a metric that this version does not know.
    """
    found = told.get("largest_change")
    if found is None or found["metric"] not in BY_FIELD:
        change = max((value for line in changes for value in line), key=abs)
        return Largest(storable(told["largest"]), PROB.field, change)
    return Largest(storable(found["head"]), found["metric"], float(found["change"]))


def _summary(result: SweepResult) -> dict[str, Any]:
    spec, metric = result.spec, opening(result).metric
    if not metric.measures(result):  # a file may lack it
        metric = PROB
    changes = 100 * result.values("prob_change")
    first, strongest = result.ranked()[0], result.ranked(metric.field)[0]
    change = metric.value(strongest)
    assert change is not None
    return {
        "prompt": storable(spec.prompt[:SHOWN_PROMPT]),
        "target": storable(answer_text(spec.target)),
        "words": storable(spec.in_words()),
        "prob": result.baseline.prob,
        "largest": f"{first.address.label}",
        "changes": [[round(float(value), 4) for value in line] for line in changes],
        "largest_change": {
            "head": strongest.address.label,
            "metric": metric.field,
            "change": round(change, 4),
        },
    }
