"""The formats that a finished run can be exported in.

Pictures and reports are made with figures, which `core` knows nothing of: whoever makes them
registers a function under the entry point group `headsweep.exports`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from core.errors import InputError
from core.exports.data import to_csv, to_json
from core.exports.notebook import notebook
from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.store.run import Label

GROUP = "headsweep.exports"
"""Entry points (result, layer effects, title) -> str or bytes."""


@dataclass(frozen=True)
class ExportFormat:
    """How a file is called, and what it is."""

    name: str
    label: str
    mime: str
    about: str


FORMATS: dict[str, ExportFormat] = {
    each.name: each
    for each in (
        ExportFormat("json", "JSON", "application/json", "everything; opens again in Headsweep"),
        ExportFormat("csv", "CSV", "text/csv", "a table, one row a head"),
        ExportFormat(
            "ipynb",
            "Notebook",
            "application/x-ipynb+json",
            "the same run again, in plain TransformerLens",
        ),
        ExportFormat(
            "html", "Report", "text/html", "one page that works offline and stays interactive"
        ),
        ExportFormat("png", "PNG", "image/png", "a picture for slides"),
        ExportFormat("svg", "SVG", "image/svg+xml", "a picture for papers, sharp at every size"),
    )
}


def export(
    result: SweepResult, layer_effects: LayerEffects | None, label: Label, name: str
) -> bytes:
    """A finished run as the bytes of a file.

    Raises `InputError` (field "format") for a format that is not known or cannot be made here.
    """
    if name not in FORMATS:
        raise InputError("format", f"{name!r} is not a format: use one of {', '.join(FORMATS)}.")
    made = _make(name)(result, layer_effects, label)
    return made.encode() if isinstance(made, str) else made


def file_name(result: SweepResult, label: Label, run_id: str, name: str) -> str:
    """headsweep-gpt2-jumps-f502d12d40da.json: plain letters, whatever was typed."""
    target = result.spec.target
    said = label.title or f"{result.spec.model.rsplit('/', 1)[-1]} {''.join(target)}"
    plain = re.sub(r"[^a-z0-9]+", "-", said.casefold()).strip("-")[:40].strip("-")
    return "-".join(filter(None, ("headsweep", plain, run_id))) + f".{name}"


def _make(name: str) -> Callable[[SweepResult, LayerEffects | None, Label], str | bytes]:
    match name:
        case "json":
            return to_json
        case "csv":
            return lambda result, _, __: to_csv(result)
        case "ipynb":
            return lambda result, _, label: notebook(result, label.title)
        case _:
            made = _registered(name).load()
            return lambda result, layer_effects, label: made(result, layer_effects, label.title)


def _registered(name: str) -> EntryPoint:
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point
    raise InputError(
        "format",
        f"{name} is made with the dashboard's figures, which are not installed here: install all "
        "of Headsweep, or use json, csv or ipynb.",
    )
