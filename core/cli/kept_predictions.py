"""Locked predictions on the command line: found by their names, listed, shown, written to files."""

import sys
from datetime import datetime
from pathlib import Path

from core.cli import options as given
from core.cli.output import say, terminal_text, write_json
from core.cli.terminal import TerminalConsole
from core.errors import InputError, StoreError
from core.exports.prediction_file import prediction_file_name, prediction_json
from core.hypotheses.prediction import Verdict
from core.results.locked_prediction import LockedPrediction
from core.store.keeper import KEEPER
from core.store.predictions import PredictionLine
from core.store.result_kinds import PREDICTIONS, damaged_results
from core.store.run import Kept, Query
from core.store.store import Store
from core.text.numbers import percent
from core.text.words import phrase


def find_prediction(name: str) -> Kept[LockedPrediction] | None:
    """The locked prediction of that name, or whose name begins so; None for a run's or nobody's.

    A run whose name begins so goes first: runs were named so before there were predictions.
    """
    store = KEEPER.store()
    try:
        if store.get(name) is not None:
            return None
    except StoreError:  # a damaged run, or no run: a prediction by its whole name
        pass
    try:
        return store.read(PREDICTIONS, name)
    except StoreError:  # it is something else, and whoever looks for a run says what
        return None


def list_predictions(store: Store, query: Query, limit: int, *, as_json: bool) -> None:
    """Print those that a query finds, the newest first."""
    page, total = store.page(PREDICTIONS, query, most=limit), store.count(query, PREDICTIONS)
    if as_json:
        write_json([_plain(line) for line in page.lines], None)
    elif page.lines:
        _table(page.lines, total)
    elif not page.damaged:
        print("No prediction matches." if query != Query() else "No prediction is locked yet.")
    if damaged := damaged_results(page.damaged):
        say(damaged)


def show_prediction(kept: Kept[LockedPrediction], *, as_json: bool) -> None:
    """Print a prediction, and what came of it."""
    locked, label = kept.value, kept.label
    if as_json:
        sys.stdout.write(prediction_json(locked, label))
        return
    made, spec = locked.prediction, locked.spec
    does = "breaks the answer" if made.breaks else "leaves the answer standing"
    heads = ", ".join(member.label for member in made.heads)
    looking = f", {locked.looking_words}" if locked.looking_words else ""
    said = [label.title, ", ".join(label.tags), label.notes]
    said += [
        f"prediction {kept.id}, {kept.origin.value}",
        spec.prompt,
        f"{spec.model}, {spec.in_words()}",
        f"Locked {_when(made.made_at)}{looking}: removing {heads} {does}, with P(target) at "
        f"{percent(made.prob_after)}.",
    ]
    if locked.outcome is None:
        said.append("It was not tested.")
    else:
        said += Verdict(made, locked.outcome.baseline, locked.outcome.joint).sentences()[1:]
    console = TerminalConsole()
    for text in filter(None, said):
        console.print(text, markup=False, highlight=False)


def export_prediction(kept: Kept[LockedPrediction], out: Path | None, *, as_json: bool) -> None:
    """Write a prediction to a JSON file; raises `InputError` (field "format") for another kind."""
    if not as_json:
        raise InputError(
            "format", f"{kept.id} is a locked prediction, which is written as json only."
        )
    content = prediction_json(kept.value, kept.label)
    if out is not None and str(out) == "-":
        sys.stdout.write(content)
        return
    path = Path(prediction_file_name(kept.value, kept.id)) if out is None else out
    given.check_writable(path)
    path.write_text(content, encoding="utf-8")
    print(path)


def _table(found: tuple[PredictionLine, ...], total: int) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("prediction", "locked", "predicted", "came"):
        table.add_column(name, no_wrap=True, min_width=12 if name == "prediction" else None)
    table.add_column("what", overflow="fold")
    for line in found:
        tags = [f"#{tag}" for tag in line.label.tags]
        does = "breaks" if line.breaks else "holds"
        came = "not tested" if line.outcome is None else percent(line.outcome.prob)
        what = (line.name[:120], line.heads, line.model, line.ablation, line.looking, *tags)
        table.add_row(
            line.id,
            _when(line.locked_at),
            f"{does}, {percent(line.prob)}",
            came,
            terminal_text(phrase(" · ".join(filter(None, what)))),
        )
    console = TerminalConsole()
    console.print(table)
    if total > len(found):
        console.print(f"{len(found)} of {total:,}; --limit gives more.", highlight=False)


def _when(locked_at: str) -> str:
    return f"{datetime.fromisoformat(locked_at).astimezone():%Y-%m-%d %H:%M}"


def _plain(line: PredictionLine) -> dict[str, object]:
    came = line.outcome
    return {
        "prediction": line.id,
        "origin": line.origin.value,
        "locked_at": line.locked_at,
        "looking": line.looking,
        "title": line.label.title,
        "notes": line.label.notes,
        "tags": list(line.label.tags),
        "model": line.model,
        "prompt": line.prompt,
        "target": line.target,
        "ablation": line.ablation,
        "heads": line.heads,
        "breaks": line.breaks,
        "prob": line.prob,
        "outcome_prob": None if came is None else came.prob,
        "right": None if came is None else came.right,
    }
