"""`headsweep runs`: list, show, export, delete and restore kept runs and locked predictions."""

import sys
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from core.cli import options as given
from core.cli.kept_predictions import (
    export_prediction,
    find_prediction,
    list_predictions,
    show_prediction,
)
from core.cli.numbers import whole_option
from core.cli.output import say, terminal_text, write_json
from core.cli.terminal import TerminalConsole
from core.errors import InputError
from core.spec.ablation import AblationKind
from core.store.keeper import KEEPER
from core.store.result_kinds import PREDICTIONS, SWEEPS, damaged_results, unknown_results
from core.store.run import Query, Run, Summary
from core.text.numbers import percent
from core.text.words import phrase

app = typer.Typer(
    help="The kept runs: every sweep that has finished, here or in the dashboard; and the "
    "predictions that were locked.",
    no_args_is_help=True,
)


class Listed(StrEnum):
    """How runs are printed."""

    TABLE = "table"
    JSON = "json"


class Exported(StrEnum):
    """The values of `core.exports.formats.FORMATS`, as the enum that typer needs."""

    JSON = "json"
    CSV = "csv"
    IPYNB = "ipynb"
    HTML = "html"
    PNG = "png"
    SVG = "svg"


Found = TypeVar("Found")

_Run = Annotated[str, typer.Argument(help="A run's name, or enough of its beginning.")]
_Runs = Annotated[list[str], typer.Argument(help="Runs' names, or enough of their beginnings.")]
_Print = Annotated[Listed, typer.Option("--format", help="How to print.")]


@app.command("list")
def list_(
    search: Annotated[
        str, typer.Option(help="Words of the prompt, target, title, note or tags.")
    ] = "",
    model: Annotated[str | None, typer.Option(help="Only this model's.")] = None,
    ablation: Annotated[AblationKind | None, typer.Option(help="Only this kind's.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those deleted lately.")] = False,
    limit: Annotated[int, whole_option("So many of the newest.", 1, 10_000)] = 50,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Locked predictions in place of runs.")
    ] = False,
    format: _Print = Listed.TABLE,
) -> None:
    """List the kept runs, or the locked predictions, the newest first."""
    kind = None if ablation is None else ablation.value
    query = Query(text=search, model=model, ablation=kind, tag=tag, deleted=deleted)
    store = KEEPER.store()
    if predictions:
        list_predictions(store, query, limit, as_json=format is Listed.JSON)
        return
    page, total = store.page(SWEEPS, query, most=limit), store.count(query)
    found = page.lines
    if format is Listed.JSON:
        write_json([_plain(run) for run in found], None)
    elif found:
        _table(found, total)
    elif not page.damaged:
        print("No kept run matches." if query != Query() else "No run is kept yet.")
    if damaged := damaged_results(page.damaged):
        say(damaged)
    if others := store.count(query, PREDICTIONS):
        are = "prediction is" if others == 1 else "predictions are"
        say(f"{others:,} locked {are} kept too: headsweep runs list --predictions.")
    if unknown := unknown_results(store.n_unknown()):
        say(unknown)


@app.command()
def show(run: _Run, format: _Print = Listed.TABLE, metric: given.MetricName = None) -> None:
    """Print a kept run as `headsweep sweep` would, or a locked prediction."""
    from core.cli.sweep import print_table
    from core.exports.data import to_json

    shown = given.metric_named(metric)
    if (locked := find_prediction(run)) is not None:
        show_prediction(locked, as_json=format is Listed.JSON)
        return
    kept = find(run)
    given.check_measured(shown, kept.result)
    if format is Listed.JSON:
        sys.stdout.write(to_json(kept.result, kept.layer_effects, kept.label))
        return
    console = TerminalConsole()
    for text in (kept.label.title, ", ".join(kept.label.tags), kept.label.notes):
        if text:
            console.print(text, markup=False, highlight=False)
    console.print(f"run {kept.id}, {kept.origin.value} {_when(kept.created)}", highlight=False)
    console.print(kept.spec.prompt, markup=False, highlight=False)
    print_table(kept.result, console, shown)


@app.command()
def export(
    run: _Run,
    format: Annotated[Exported, typer.Option(help="The file format.")] = Exported.JSON,
    out: Annotated[
        Path | None, typer.Option(help="The file to write; - is standard output.")
    ] = None,
) -> None:
    """Write a kept run to a file: data, a notebook, a report, a picture; a prediction as JSON."""
    from core.exports import formats

    if (locked := find_prediction(run)) is not None:
        export_prediction(locked, out, as_json=format is Exported.JSON)
        return
    kept = find(run)
    to_stdout = out is not None and str(out) == "-"
    name = formats.file_name(kept.result, kept.label, kept.id, format.value)
    path = Path(name) if out is None or to_stdout else out
    if not to_stdout:
        given.check_writable(path)
    content = formats.export(kept.result, kept.layer_effects, kept.label, format.value)
    if to_stdout:
        sys.stdout.buffer.write(content)
    else:
        path.write_bytes(content)
        print(path)


@app.command()
def delete(runs: _Runs) -> None:
    """Delete runs or predictions; within seven days `headsweep runs restore` brings them back."""
    ids = [_whole_id(run) for run in runs]
    KEEPER.store().delete(ids)
    print(f"Deleted {', '.join(ids)}. Bring back: headsweep runs restore {' '.join(ids)}")


@app.command()
def restore(runs: _Runs) -> None:
    """Bring back what was deleted in the last seven days."""
    ids = [_whole_id(run, deleted=True) for run in runs]
    KEEPER.store().restore(ids)
    print(f"Restored {', '.join(ids)}.")


def find(name: str) -> Run:
    """The kept run with this name, or whose name begins so.

    Raises `InputError` (field "run") if there is none or more than one.
    """
    return _one(KEEPER.store().get(name), name)


def _whole_id(name: str, *, deleted: bool = False) -> str:
    """`find` for a run that need not be opened: a damaged one can be deleted too."""
    return _one(KEEPER.store().whole_id(name, deleted=deleted), name)


def _one(found: Found | None, name: str) -> Found:
    if found is None:
        raise InputError(
            "run", f"No single run is called {name[:40]!r}: headsweep runs list has their names."
        )
    return found


def _table(found: Sequence[Summary], total: int) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("run", "when", "P(target)", "largest"):
        table.add_column(name, no_wrap=True, min_width=12 if name == "run" else None)
    table.add_column("what", overflow="fold")
    for run in found:
        tags = [f"#{tag}" for tag in run.label.tags]
        table.add_row(
            run.id,
            _when(run.created),
            percent(run.prob),
            run.largest.words,
            terminal_text(phrase(" · ".join((run.name[:120], run.model, run.ablation, *tags)))),
        )
    console = TerminalConsole()
    console.print(table)
    if total > len(found):
        console.print(f"{len(found)} of {total:,}; --limit gives more.", highlight=False)


def _when(created: float) -> str:
    return f"{datetime.fromtimestamp(created).astimezone():%Y-%m-%d %H:%M}"


def _plain(run: Summary) -> dict[str, object]:
    return {
        "run": run.id,
        "origin": run.origin.value,
        "created": datetime.fromtimestamp(run.created).astimezone().isoformat(),
        "title": run.label.title,
        "notes": run.label.notes,
        "tags": list(run.label.tags),
        "model": run.model,
        "model_fingerprint": run.fingerprint,
        "prompt": run.prompt,
        "target": run.target,
        "ablation": run.ablation,
        "baseline_prob": run.prob,
        "largest": run.largest.head,
        "largest_metric": run.largest.metric,
        "largest_change": run.largest.change,
    }
