"""The output of commands: progress and errors on stderr, results on stdout or in a file."""

import json
import logging
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.terminal import TerminalConsole, printable
from core.store import keeper
from core.text.words import Style, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.text import Text

WIDTH = 100
"""Of a table in a file, in characters."""


@contextmanager
def progress() -> "Iterator[Any]":
    """A progress bar on stderr if that is a terminal, else nothing.

    Gives a function that is called with (description, fraction done or None).
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    console = TerminalConsole(stderr=True)
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
    """Words for a console."""
    from rich.text import Text

    return Text.assemble(*((printable(span.text), _STYLES[span.style]) for span in words))


def write_json(values: Any, out: Path | None) -> None:
    """Print as JSON, or write to a file. `values` must not contain NaN or infinity."""
    text = json.dumps(values, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    write_text(text, out)


def write_text(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file: in UTF-8 both, as whoever reads the data expects."""
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8"))
    else:
        out.write_text(text, encoding="utf-8")


_SAID_ANYHOW = keeper.__name__, "core.store.store"  # the second would import the database's library


class _LogLines(logging.Handler):
    """What the program logs, each record as one line on stderr like the commands' own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Without the state of the database and its damaged rows: the commands say them."""
        return record.name not in _SAID_ANYHOW or record.exc_info is not None

    def emit(self, record: logging.LogRecord) -> None:
        """Print it; its traceback is nobody's at a terminal."""
        say(record.getMessage())


_LOG_LINES = _LogLines(logging.WARNING)


def log_in_lines() -> None:
    """Have what `core` logs printed in the form of the program's own messages."""
    logging.getLogger("core").addHandler(_LOG_LINES)  # once: it is no second time added


def log_in_full() -> None:
    """Undo `log_in_lines`: a server's log is for its operator, who needs all of it."""
    logging.getLogger("core").removeHandler(_LOG_LINES)


def say(message: str) -> None:
    """Print a message in one line on stderr."""
    print(f"headsweep: {printable(' '.join(message.split()))}", file=sys.stderr)


@contextmanager
def console_for(out: Path | None) -> "Iterator[Console]":
    """A console on standard output, or on a file, where lines have `WIDTH` characters."""
    if out is None:
        yield TerminalConsole()
        return
    with out.open("w", encoding="utf-8") as file:
        yield TerminalConsole(file=file, width=WIDTH)


def fail(message: str, code: int) -> None:
    """Print the message in one line on stderr and exit with `code`."""
    say(message)
    sys.exit(code)
