"""`headsweep doctor`: print all settings, and check what works and what to do if it does not."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.output import progress, write_json
from core.cli.terminal import TerminalConsole

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from core.doctor.examination import Examination
    from core.doctor.settings import Setting


class Printed(StrEnum):
    """The output format of the doctor."""

    TABLE = "table"
    JSON = "json"


STYLES = {"ok": "green", "warning": "yellow", "problem": "red"}


def doctor(
    format: Annotated[  # the same option as in `sweep`
        Printed, typer.Option(help="How to print the findings.")
    ] = Printed.TABLE,
) -> None:
    """Print every setting and check what works; exits with 1 where something is a problem."""
    with progress() as report:
        report("Looking around", None)
        from core.doctor.check import State
        from core.doctor.examination import examine

        examination = examine(lambda name, done: report(f"Looking at: {name}", done))
    if format is Printed.JSON:
        write_json(examination.to_dict(), None)
    else:
        _print(examination, TerminalConsole(highlight=False))
    if examination.state is State.PROBLEM:
        raise typer.Exit(1)


def _print(examination: "Examination", console: "Console") -> None:
    console.print("Settings", style="bold")
    table = _columns(("setting", True), ("value", False))
    for setting in examination.settings:
        _add_setting(table, setting)
    console.print(table)
    console.print("\nChecks", style="bold")
    table = _columns(("state", True), ("check", True), ("seen", False))
    from rich.text import Text

    for finding in examination.findings:
        result = finding.found
        state = Text(result.state.value, style=STYLES[result.state])
        table.add_row(state, finding.name, Text(_printable(result.seen)))
        if result.to_do:
            table.add_row("", "", Text(f"To do: {_printable(result.to_do)}", style="bold"))
    console.print(table)
    states = [finding.found.state for finding in examination.findings]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    console.print("\n" + ", ".join(f"{n} {state.value}" for state, n in counts.items()) + ".")


def _columns(*columns: tuple[str, bool]) -> "Table":
    """A table without lines, so that it is readable in a pipe too.

    `columns` are (name, whether its cells stay in one line).
    """
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, whole in columns:
        table.add_column(name, no_wrap=whole, overflow="fold")
    return table


def _add_setting(table: "Table", setting: "Setting") -> None:
    from rich.text import Text

    value = setting.value
    shown = ", ".join(value) if isinstance(value, list) else str(value)
    if isinstance(value, bool):
        shown = shown.lower()
    source = "set" if setting.is_set else "default"
    table.add_row(setting.variable, Text(f"{_printable(shown) or '(none)'}  [{source}]"))
    if setting.wrong:
        table.add_row("", Text(f"Cannot be used: {_printable(setting.wrong)}.", style="red"))
    table.add_row("", Text(setting.about, style="dim"))


def _printable(text: str) -> str:
    """The text, with escapes if it has characters that a terminal would execute or cannot show."""
    return text if text.isprintable() else ascii(text)[1:-1]
