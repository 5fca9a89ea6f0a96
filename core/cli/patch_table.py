"""What `headsweep patch` prints on a terminal: the places that restore or break most."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.output import console_for, terminal_text, write_json
from core.cli.tables import Printed, chosen_format
from core.prompts.tokens import visible_text
from core.text.numbers import signed
from core.text.words import phrase

if TYPE_CHECKING:
    from rich.table import Table

ROWS = 20


def write_patching(values: Mapping[str, Any], asked: Printed | None, out: Path | None) -> None:
    """A patching of heads or of the residual stream as a table, or as JSON."""
    if chosen_format(asked, out) is Printed.JSON:
        write_json(values, out)
        return
    with console_for(out) as console:
        for sentence in values["sentences"]:
            console.print(terminal_text(phrase(sentence)))
        console.print()
        rows = _rows(values)
        shares = values["denoise"]["normalised"] is not None
        console.print(_table(rows[:ROWS], "share" if shares else "nats"))
        every = "all, and each position" if values.get("by_position") else "all"
        console.print(
            f"The {min(ROWS, len(rows))} largest of {len(rows):,}; --format json has {every}.",
            highlight=False,
        )


def _rows(values: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """(place, denoise, noise), the larger of the two deciding the order."""
    denoise, noise = (_numbers(values[name]) for name in ("denoise", "noise"))
    rows = [
        (place, one, other)
        for place, one, other in zip(_places(values["denoise"]), denoise, noise, strict=True)
    ]
    return sorted(rows, key=lambda row: -max(abs(row[1]), abs(row[2])))


def _numbers(found: Mapping[str, Any]) -> list[float]:
    """Shares of the gap, or nats where it is too small, place after place."""
    values = found["values"] if found["normalised"] is None else found["normalised"]
    return [x for row in values for x in row] if "heads" not in found else list(values)


def _places(found: Mapping[str, Any]) -> list[str]:
    """The heads; or each layer of the stream with each position and its token."""
    if "heads" in found:
        return list(found["heads"])
    after = len(found["values"]) - 1
    return [
        f"{'after the last layer' if layer == after else f'before layer {layer}'}, "
        f"{visible_text(token)} at {position}"
        for layer in range(after + 1)
        for position, token in zip(found["positions"], found["tokens"], strict=True)
    ]


def _table(rows: list[tuple[str, float, float]], unit: str) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("patched")
    for heading in ("denoise\nrestores", "noise\nbreaks"):
        table.add_column(f"{heading}, {unit}", justify="right")
    for place, one, other in rows:
        table.add_row(Text(place), signed(one, 2), signed(other, 2))
    return table
