"""Between a run and its row: JSON, compressed; nothing is ever unpickled."""

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from core.errors import StoreError
from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.results.schema import first_form
from core.spec.answer import Answer
from core.spec.identity import IDENTITY
from core.spec.spec import SweepSpec
from core.store.run import Label, Origin, Run, Summary

MAX_UNPACKED = 200_000_000
"""Bytes: more than any model's result, and less than would fill a memory."""
SHOWN_PROMPT = 300
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
ID_LENGTH = 12


def identity_of(result: SweepResult, origin: Origin) -> str:
    """A computed run is its spec, model and schema; an imported one is what its file says."""
    if origin is Origin.COMPUTED:
        return result.key
    text = json.dumps(first_form(result.to_dict()), ensure_ascii=True, allow_nan=False)
    return "file-" + hashlib.sha256(text.encode()).hexdigest()


def id_of(identity: str) -> str:
    """The short name of a run: the same on every server, so that a link can carry it."""
    return hashlib.sha256(identity.encode()).hexdigest()[:ID_LENGTH]


def spec_key(spec: SweepSpec) -> str:
    """A digest of a resolved spec, whatever the model's weights."""
    return hashlib.sha256("\n".join((IDENTITY, spec.to_json())).encode()).hexdigest()


def to_row(
    result: SweepResult,
    layer_effects: LayerEffects | None,
    label: Label,
    origin: Origin,
    created: float,
) -> dict[str, Any]:
    """The row of a finished run."""
    identity = identity_of(result, origin)
    summary = _summary(result)
    return {
        "id": id_of(identity),
        "identity": identity,
        "origin": origin.value,
        "spec_key": spec_key(result.spec),
        "fingerprint": storable(result.provenance.model_fingerprint[:64]),
        "created": created,
        "deleted": None,
        **label_columns(label, result.spec),
        "model": storable(result.spec.model),
        "ablation": result.spec.ablation.value,
        "n_layers": result.shape[0],
        "n_heads": result.shape[1],
        "summary": json.dumps(summary),
        "result": _packed(result.to_dict()),
        "margins": None if layer_effects is None else _packed(layer_effects.to_dict()),
    }


def label_columns(label: Label, spec: SweepSpec) -> dict[str, Any]:
    """The columns that change when a run is renamed."""
    texts = (label.title, label.notes, *label.tags, spec.model, spec.prompt, spec.ablation.value)
    answers = (answer_text(spec.target), answer_text(spec.foil) if spec.foil else "")
    return {
        "title": storable(label.title),
        "notes": storable(label.notes),
        "tags": json.dumps(label.tags),
        "haystack": storable("\n".join((*texts, *answers))).casefold(),
    }


def summary_of(row: Mapping[str, Any]) -> Summary:
    """A line of a list; raises `StoreError` for a damaged row."""
    try:
        told = json.loads(row["summary"])
        return Summary(
            id=row["id"],
            origin=Origin(row["origin"]),
            created=row["created"],
            deleted=row["deleted"],
            label=_label(row),
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
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise _damaged(row, error) from error


def run_of(row: Mapping[str, Any]) -> Run:
    """A whole run; raises `StoreError` for a damaged row."""
    try:
        layer_effects = row["margins"]
        return Run(
            id=row["id"],
            origin=Origin(row["origin"]),
            created=row["created"],
            label=_label(row),
            result=SweepResult.from_dict(_unpacked(row["result"])),
            layer_effects=None
            if layer_effects is None
            else LayerEffects.from_dict(_unpacked(layer_effects)),
        )
    except (
        ValueError, LookupError, TypeError, OverflowError, RecursionError, zlib.error
    ) as error:  # fmt: skip
        raise _damaged(row, error) from error


def packed_layer_effects(layer_effects: LayerEffects) -> bytes:
    """The column of a run's layer effects."""
    return _packed(layer_effects.to_dict())


def answer_text(answer: Answer) -> str:
    """An answer in one line; the members of a set with "or" between them."""
    return answer if isinstance(answer, str) else " or ".join(answer)


def storable(text: str) -> str:
    """Without what a database's texts cannot hold: NUL, and halves of characters."""
    return _UNSTORABLE.sub("\ufffd", text)


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


def tags_of(column: str) -> tuple[str, ...]:
    """The tags in a row's column; none in one that is damaged."""
    try:
        return tuple(map(str, json.loads(column)))
    except (ValueError, TypeError, RecursionError):
        return ()


def _label(row: Mapping[str, Any]) -> Label:
    return Label(row["title"], row["notes"], tags_of(row["tags"]))


def _packed(values: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(values, ensure_ascii=True, allow_nan=False).encode())


def _unpacked(raw: bytes) -> Any:
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(raw, MAX_UNPACKED)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ValueError("its data is cut off or too large")
    return json.loads(text)


def _damaged(row: Mapping[str, Any], error: Exception) -> StoreError:
    return StoreError(
        f"Run {row.get('id', '?')} is damaged in the database ({type(error).__name__}: "
        f"{str(error)[:120]}). The others can still be opened."
    )
