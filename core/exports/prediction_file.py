"""A locked prediction as a file of its own: JSON, with its title, note and tags; and read back."""

import json
from dataclasses import dataclass

from core.exports.data import (
    MAX_BYTES,
    ReadRun,
    parsed_file,
    read_json,
    read_label,
    refused_file,
    written_as,
)
from core.results.locked_prediction import FAMILY, LockedPrediction
from core.results.schema import parse_schema
from core.store.run import Label


@dataclass(frozen=True)
class ReadPrediction:
    """What a file says."""

    locked: LockedPrediction
    label: Label


def prediction_json(locked: LockedPrediction, label: Label) -> str:
    """The object of `headsweep.prediction`, with `run` (title, notes, tags)."""
    about = {"title": label.title, "notes": label.notes, "tags": list(label.tags)}
    values = {**locked.to_dict(), "run": about}
    return json.dumps(values, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def prediction_file_name(locked: LockedPrediction, prediction_id: str | None) -> str:
    """headsweep-prediction-f502d12d40da.json; without a name of its own, the day it was locked."""
    return f"headsweep-prediction-{prediction_id or locked.prediction.made_at[:10]}.json"


def read_file(name: str, raw: bytes) -> ReadRun | ReadPrediction:
    """Whatever a JSON file of Headsweep's holds; raises `InputError` (field "file")."""
    if len(raw) > MAX_BYTES or FAMILY.encode() not in raw:
        return read_json(name, raw)
    values = parsed_file(name, raw)
    if (parse_schema(values) or ("",))[0] != FAMILY:
        return read_json(name, raw)
    try:
        locked = LockedPrediction.from_dict(values)
        told = {key: value for key, value in locked.to_dict().items() if key != "spec"}
        if not written_as(values, {**told, "spec": values["spec"]}):  # it has checked its own
            raise ValueError("It is not as Headsweep writes it: export the prediction anew.")
        label = read_label(values.get("run"))
        # What cannot be written again is not kept: no half of a character is in a real one.
        json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise refused_file(name, error) from error
    return ReadPrediction(locked, label)
