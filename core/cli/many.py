"""`headsweep sweep --specs`: many sweeps in one process, each model loaded once."""

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import IO, Annotated, Any, get_args

import typer

from core.cli import options as given
from core.cli.options import OutputFormat
from core.cli.output import progress, say
from core.cli.run_spec import extra_columns, say_missing_mlps, swept, warn_of_trouble
from core.errors import InputError
from core.spec.spec import SweepSpec

SpecsFile = Annotated[
    Path | None,
    typer.Option(
        help="Instead of --prompt and --target: a file of specs, one JSON object a line, as the "
        "results have them under 'spec'. The results are printed one a line, as JSON.",
    ),
]
_FOR_ALL = ("device", "fresh", "out", "format", "layers", "columns")
"""Options that say how to sweep and print, which no spec does."""
_OF_TABLES = {
    "metric": "the results are JSON, with every metric",
    "rows": "the results are JSON, without rows to choose; --layers adds the margins",
}
"""Options that have no say in JSON, and why."""


@dataclass(frozen=True)
class NumberedSpec:
    """The spec on one line of a file, which counts from 1."""

    line: int
    spec: SweepSpec


def or_many(command: Callable[..., None]) -> Callable[..., None]:
    """A command on a spec that takes --specs too: prompt and target are then left out.

    Raises `InputError` where neither or both are given.
    """
    own = inspect.signature(command).parameters
    required = [name for name, each in own.items() if each.default is inspect.Parameter.empty]

    @wraps(command)
    def run(specs: Path | None, **values: Any) -> None:
        if specs is None:
            for name in required:
                if not values[name] and values[name] != "":
                    raise InputError(name, "This is missing: give it, or many specs by --specs.")
            command(**values)
            return
        for name, value in values.items():
            default = None if name in required else own[name].default
            if name not in _FOR_ALL and value != default and value != []:
                option, why = name.replace("_", "-"), _OF_TABLES.get(name, "each line says its own")
                raise InputError("specs", f"--{option} is given too: leave it out, {why}.")
        if values["format"] is OutputFormat.CSV:
            raise InputError("specs", "The results are JSON, one a line: leave --format out.")
        how = {name: values[name] for name in ("device", "fresh", "layers", "columns")}
        _sweep_all(specs, values["out"], **how)

    shown = [_optional(each) if name in required else each for name, each in own.items()]
    added = inspect.Parameter(
        "specs", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=SpecsFile
    )
    run.__signature__ = inspect.Signature([*shown, added])  # type: ignore[attr-defined]
    return run


def _optional(parameter: inspect.Parameter) -> inspect.Parameter:
    """The same option, which may be left out."""
    kind, option = get_args(parameter.annotation)
    return parameter.replace(annotation=Annotated[kind | None, option], default=None)


def _sweep_all(
    path: Path,
    out: Path | None,
    *,
    device: given.Device,
    fresh: bool,
    layers: bool,
    columns: str | None,
) -> None:
    """Sweep every spec of a file, model by model, and print each result when it is there.

    What is wrong with a line is said at once, and the exit code is 2 at the end.
    """
    given.check_writable(out)
    from core.exports.table import table_dict

    asked = extra_columns(columns)
    faults: list[int] = []

    def fault(line: int, error: InputError) -> None:
        faults.append(line)
        say(f"--specs: line {line}: {error}")

    specs = _by_model(_specs(given.file_text(path, "specs", "split it"), fault), device)
    if not specs and not faults:
        raise InputError("specs", f"{str(path)!r} holds no spec: write one JSON object a line.")
    with progress() as bar, _opened(out) as file:
        for number, each in enumerate(specs):
            report = _told(bar, number, len(specs))
            try:
                found = swept(each.spec, device, report, fresh=fresh, layers=layers, columns=asked)
            except InputError as error:
                fault(each.line, error)
                continue
            margins = found.layer_effects if layers else None
            say_missing_mlps(found.result, margins, each.line)
            _write_line(file, each.line, table_dict(found.result, margins, found.extra))
    if specs:
        warn_of_trouble()
    if faults:
        raise typer.Exit(2)


def _write_line(file: IO[str], line: int, values: dict[str, Any]) -> None:
    """One result in one line: the contract's object, after the line that asked for it."""
    file.write(json.dumps({"line": line, **values}, ensure_ascii=True, allow_nan=False) + "\n")
    file.flush()


def _specs(text: str, fault: Callable[[int, InputError], None]) -> Iterator[NumberedSpec]:
    """The specs of a text's lines, but for empty lines and for those that are no spec."""
    from core.checkpoints import catalogue

    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            spec = SweepSpec.from_json(line).asked_for()
        except InputError as error:
            fault(number, error)
        except json.JSONDecodeError as error:
            why = f"it is not JSON ({error.msg}, at character {error.pos + 1}): write one object."
            fault(number, InputError("specs", why))
        except ValueError as error:
            fault(number, InputError("specs", str(error)))
        else:
            yield NumberedSpec(number, replace(spec, model=catalogue.canonical(spec.model)))


def _by_model(specs: Iterator[NumberedSpec], device: given.Device) -> list[NumberedSpec]:
    """Specs of one model next to each other, models in the order in which they are first named.

    However few models the registry holds, none is loaded twice.
    """
    from core.checkpoints.registry import ModelKey, key_of

    groups: dict[ModelKey, list[NumberedSpec]] = {}
    for each in specs:
        groups.setdefault(key_of(each.spec, device.value), []).append(each)
    return [each for group in groups.values() for each in group]


def _told(bar: Any, number: int, total: int) -> Callable[[str, float | None], None]:
    """Progress of one of several sweeps: its share of the whole."""

    def report(what: str, fraction: float | None) -> None:
        bar(f"{number + 1} of {total}: {what}", (number + (fraction or 0.0)) / total)

    return report


@contextmanager
def _opened(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8") as file:
        yield file
