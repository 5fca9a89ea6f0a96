"""The output of commands: progress and errors on stderr, results on stdout or in a file."""

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from core.text.words import Style, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.text import Text


@contextmanager
def progress() -> "Iterator[Any]":
    """A progress bar on stderr if that is a terminal, else nothing.

    Gives a function that is called with (description, fraction done or None).
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)

        def report(what: str, fraction: float | None) -> None:
            total = None if fraction is None else 1.0
            bar.update(task, description=what, total=total, completed=fraction or 0.0)

        yield report


_STYLES = {
    Style.PLAIN: "",
    Style.BOLD: "bold",
    Style.TOKEN: "cyan",
    Style.WARNING: "yellow",
}


def terminal_text(words: Words) -> "Text":
    """Words for a rich console, without any character that a terminal would obey."""
    from rich.text import Text

    return Text.assemble(*((_printable(span.text), _STYLES[span.style]) for span in words))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def write_json(values: Any, out: Path | None) -> None:
    """Print as JSON, or write to a file. `values` must not contain NaN or infinity."""
    text = json.dumps(values, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    write_text(text, out)


def write_text(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file."""
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


def printed(print_on: "Callable[[Console], None]", out: Path | None) -> None:
    """Let a function print on the terminal, or into a file, where lines have 100 characters."""
    if out is None:
        print_on(Console())
        return
    with out.open("w", encoding="utf-8") as file:
        print_on(Console(file=file, width=100))


def fail(message: str, code: int) -> None:
    """Print the message in one line on stderr and exit with `code`."""
    line = " ".join(message.split())
    print(f"headsweep: {line}", file=sys.stderr)
    sys.exit(code)
