"""The tables that `headsweep head` and `headsweep roles` print, and when a table is printed.

They are drawn from the same plain values that are written as JSON, so neither says more.
"""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from core.cli.feeds_table import feeds_table, feeds_words
from core.cli.output import console_for, terminal_text, write_json
from core.text.numbers import decimal, percent, share, signed
from core.text.words import bold, phrase

if TYPE_CHECKING:
    from rich.table import Table

ROWS = 40
"""Heads in the table of role scores: JSON has them all."""


class Printed(StrEnum):
    """How a result without a CSV form is printed."""

    TABLE = "table"
    JSON = "json"


PrintFormat = Annotated[
    Printed | None,
    typer.Option(
        "--format",
        help="How to print the result; the default is a table on a terminal, and JSON in a pipe "
        "or a file.",
        show_default=False,
    ),
]


def chosen_format(asked: Printed | None, out: Path | None) -> Printed:
    """What was asked for; else a table where a person reads, and JSON where a program does."""
    if asked is not None:
        return asked
    return Printed.TABLE if out is None and sys.stdout.isatty() else Printed.JSON


def write_heads(
    reports: list[dict[str, Any]], values: Any, asked: Printed | None, out: Path | None
) -> None:
    """Reports on heads of one sweep as tables, or `values`, which holds them, as JSON."""
    if chosen_format(asked, out) is Printed.JSON:
        write_json(values, out)
        return
    with console_for(out) as console:
        for number, report in enumerate(reports):
            if number:
                console.print()
            _print_head(report, console)


def write_roles(values: dict[str, Any], asked: Printed | None, out: Path | None) -> None:
    """The scores of every head as a table, or as JSON."""
    if chosen_format(asked, out) is Printed.JSON:
        write_json(values, out)
        return
    with console_for(out) as console:
        _print_roles(values, console)


def _print_head(report: Mapping[str, Any], console: Console) -> None:
    console.print(terminal_text(phrase(bold(report["head"]))))
    for sentence in report["verdict"]:
        console.print(terminal_text(phrase(sentence)))
    console.print()
    console.print(_by_kind(report))
    console.print()
    console.print(_scores(report["head_scores"]))
    looks_at = _looks_at(report)
    if looks_at:
        console.print()
        console.print(terminal_text(phrase(looks_at)))
    feeds = report["path_patching"]
    console.print()
    console.print(terminal_text(phrase(feeds_words(feeds))))
    if "unavailable" not in feeds:
        console.print(feeds_table(feeds))
    for entry in report["literature"]:
        console.print(terminal_text(phrase(f"Published: {entry['role']} ({entry['citation']})")))
    console.print()
    console.print("--format json has every number of the head.", highlight=False)


def _by_kind(report: Mapping[str, Any]) -> "Table":
    """What each kind of ablation does, the sweep's own first."""
    from core.results.metrics import BY_FIELD

    leading = BY_FIELD[report["leading_metric"]]
    own = report["spec"]["ablation"]
    table = _table("ablation", "P after", "change, pp", f"{leading.column}, {leading.unit}", "rank")
    effects = {own: report["effect"], **report["by_kind"]}
    for kind, effect in effects.items():
        change = effect[leading.field]
        table.add_row(
            f"{kind} (this sweep)" if kind == own else kind,
            percent(effect["prob"]),
            signed(100 * effect["prob_change"]),
            "–" if change is None else signed(change * leading.factor, leading.digits),
            str(effect["rank"]),
        )
    return table


def _scores(scores: Mapping[str, Any]) -> "Table":
    """The head's scores on repeated random tokens."""
    from core.circuits.score_places import place_of_score

    table = _table("on repeated random tokens", "score", "among the heads")
    for role, found in scores["scores"].items():
        place = place_of_score(found["rank"], found["of"], found["percentile"])
        table.add_row(role, _score(found["score"]), place or "–")
    table.add_row("copying (OV)", _score(scores["copying"]), "")
    return table


def _looks_at(report: Mapping[str, Any]) -> str:
    """The positions that the head attends to most from where the answer is read."""
    from core.prompts.tokens import visible_text

    tokens = report["tokens"]
    row = report["attention"]["weights"][_answer_position(report)]
    most = sorted(range(len(row)), key=lambda key: -row[key])[:3]
    said = ", ".join(f"{visible_text(tokens[key])} at {key} ({share(row[key])})" for key in most)
    return f"From the position that predicts the answer it attends to {said}."


def _answer_position(report: Mapping[str, Any]) -> int:
    """The prompt's last position; after it come a teacher-forced answer's tokens but the last."""
    is_set = isinstance(report["spec"]["target"], list)
    return len(report["tokens"]) - (1 if is_set else len(report["target_tokens"]))


def _print_roles(values: Mapping[str, Any], console: Console) -> None:
    """The heads that look like a role, and what the ablation of a head does to them."""
    roles = list(values["heads"][0]["scores"])
    rows = sorted(
        (row for row in values["heads"] if row["looks_like"] is not None),
        key=lambda row: (roles.index(row["looks_like"]), -row["scores"][row["looks_like"]]),
    )
    of = len(values["heads"])
    console.print(
        f"{len(rows)} of {of:,} heads of {values['model']} look like a role: "
        f"a score of {values['threshold']} or more.",
        highlight=False,
        markup=False,
    )
    without = values["without"]
    after = {} if without is None else {row["label"]: row for row in without["heads"]}
    removed = () if without is None else (f"its role without {without['head']}",)
    table = _table("head", "looks like", *roles, "copying", *removed)
    for row in rows[:ROWS]:
        role = row["looks_like"]
        cells = [_score(row["scores"][each]) for each in roles]
        then = [_score(after[row["label"]]["scores"][role])] if removed else []
        table.add_row(row["label"], role, *cells, _score(row["copying"]), *then)
    console.print(table)
    shown = min(len(rows), ROWS)
    console.print(f"{shown} of {of:,} heads; --format json has all.", highlight=False)


def _score(value: float | None) -> str:
    return "–" if value is None else decimal(value)


def _table(first: str, *others: str) -> "Table":
    """An empty table: text to the left in its first column, numbers to the right in the rest."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in others:
        table.add_column(column, justify="right")
    return table
