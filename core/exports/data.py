"""A run as data: JSON and CSV to the contract, and JSON read back.

The JSON is the contract's object with two keys more: what people have said about the run, and its
margins, so that nothing is lost on the way to another Headsweep. The CSV has the contract's
columns first, then where its numbers come from, the same on every row: tables of several runs can
be put beneath each other.
"""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.identity import SCHEMA
from core.margins import Margins
from core.results import COLUMNS, SweepResult
from core.store.run import Label, checked_label

MAX_BYTES = 50_000_000
"""Of a file that is opened: a run of the largest model that is swept is a tenth of that."""
ORIGIN = ("model", "model_fingerprint", "headsweep", "transformer_lens", "torch", "device", "spec")


@dataclass(frozen=True)
class ReadRun:
    """What a file says."""

    result: SweepResult
    margins: Margins | None
    label: Label


def to_json(result: SweepResult, margins: Margins | None, label: Label) -> str:
    """The contract's object, with `run` (title, notes, tags) and `margins`."""
    about = {"title": label.title, "notes": label.notes, "tags": list(label.tags)}
    values = {
        **result.to_dict(),
        "run": about,
        "margins": None if margins is None else margins.to_dict(),
    }
    return json.dumps(values, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def to_csv(result: SweepResult) -> str:
    """One row a head: the contract's columns, then those of `ORIGIN`; `spec` is JSON."""
    made = result.provenance
    origin = {
        "model": result.spec.model,
        "spec": result.spec.to_json(),
        **{name: getattr(made, name) for name in ORIGIN if hasattr(made, name)},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, (*COLUMNS, *ORIGIN), lineterminator="\n")
    writer.writeheader()
    for effect in result.heads:
        row = effect.to_dict()
        top = json.dumps(row["top"], ensure_ascii=False)
        writer.writerow({**row, "top": top, **origin})
    return text.getvalue()


def read_json(name: str, raw: bytes) -> ReadRun:
    """The run in a JSON file; raises `InputError` (field "file") that says what was seen."""
    if len(raw) > MAX_BYTES:
        raise InputError(
            "file", f"{name!r} is larger than {MAX_BYTES // 1_000_000} MB: no exported run is."
        )
    values = _parsed(name, raw)
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        raise InputError("file", _not_a_run(name, values))
    try:
        result = SweepResult.from_dict(values)
        margins = values.get("margins")
        kept = None if margins is None else Margins.from_dict(margins)
        label = _label(values.get("run"))
        result.to_json()  # what cannot be written again is not kept
    except ValueError as error:
        raise InputError("file", f"{name!r} cannot be opened. {error}") from error
    if not result.complete:
        total = result.shape[0] * result.shape[1]
        raise InputError(
            "file",
            f"{name!r} has {len(result.heads)} of {total} heads: export a run that is finished.",
        )
    if result.spec.prepend_bos is None:
        raise InputError("file", f"{name!r} does not say whether BOS goes first: export it anew.")
    return ReadRun(result, kept, label)


def _parsed(name: str, raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            "file",
            f"{name!r} is not JSON ({str(error)[:80]}): open a file that Headsweep has exported "
            "as JSON.",
        ) from None


def _not_a_run(name: str, values: Any) -> str:
    seen = values.get("schema") if isinstance(values, dict) else None
    if isinstance(seen, str) and seen.startswith("headsweep."):
        return (
            f"{name!r} holds {seen[:40]!r}, and only sweeps ({SCHEMA}) can be opened: export one "
            "as JSON."
        )
    return f"{name!r} is JSON, but no run of Headsweep's: open a file that it has exported as JSON."


def _label(values: Any) -> Label:
    if not isinstance(values, dict):
        return Label()
    tags = values.get("tags")
    return checked_label(
        str(values.get("title") or ""),
        str(values.get("notes") or ""),
        [str(tag) for tag in tags] if isinstance(tags, list) else [],
    )
