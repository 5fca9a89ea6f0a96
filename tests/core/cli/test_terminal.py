"""What a terminal is given: every text is shown, and none is an order."""

import io
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

import core
from core.cli.output import say
from core.cli.terminal import TerminalConsole, printable

CLEARS = "\x1b[2J\x1b]0;owned\x07 \x9b2J a\u202eb\x7f"
ORDERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def shown(print_on, *, colour=False):
    out = io.StringIO()
    print_on(TerminalConsole(file=out, width=60, force_terminal=colour))
    return out.getvalue()


@given(st.text())
def test_every_character_is_one_that_is_shown(text):
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)
    assert printable(text) == text or not text.isprintable()


def test_neither_a_line_nor_a_cell_nor_a_title_orders_anything():
    def print_on(console):
        table = Table(title=CLEARS)
        table.add_column(CLEARS)
        table.add_row(CLEARS)
        console.print(CLEARS, markup=False)
        console.print(table)

    assert not ORDERS.search(shown(print_on))
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", shown(print_on, colour=True))
    assert not ORDERS.search(coloured)
    assert "\u241b[2J" in coloured


def test_columns_stay_beneath_each_other():
    def print_on(console):
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_row("a\x1bb", "one")
        table.add_row("abc", "two")
        console.print(table)

    first, second = shown(print_on).splitlines()
    assert first.index("one") == second.index("two")


def test_a_message_is_one_line(capsys):
    say(f"no model {CLEARS}\nis here")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert not ORDERS.search(err.rstrip("\n"))


def test_there_is_one_door():
    for path in Path(core.__file__).parent.glob("cli/*.py"):
        if path.name != "terminal.py":
            assert not re.search(r"(?<!Terminal)\bConsole\(", path.read_text()), path
