"""What was clicked in a figure or a table: it may be anything that somebody has sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.state import value
from core.spec.heads import Head

_MOST = 10_000
"""Layers, or heads of one, that no model reaches."""


def clicked_head(chart: str) -> Head | None:
    """The head whose point was clicked in the chart of that key; None where none was."""
    for point in _selected(chart, "points"):
        data = point.get("customdata") if isinstance(point, Mapping) else None
        data = list(data.values()) if isinstance(data, Mapping) else data
        # Points that are no heads, such as the bars beside the cells, have no such data.
        if isinstance(data, list) and len(data) >= 2 and all(map(_counts, data[:2])):
            return Head(int(data[0]), int(data[1]))
    return None


def chosen_row(table: str) -> int | None:
    """The row that was chosen in the table of that key, or that of the cell; None where none is."""
    cells = [
        cell[0] for cell in _selected(table, "cells") if isinstance(cell, Sequence) and len(cell)
    ]
    rows = [row for row in (*_selected(table, "rows"), *cells) if _counts(row)]
    return int(rows[0]) if rows else None


def _selected(key: str, part: str) -> Sequence[Any]:
    event = value(key)
    selection = event.get("selection") if isinstance(event, Mapping) else None
    found = selection.get(part) if isinstance(selection, Mapping) else None
    return found if isinstance(found, list | tuple) else ()


def _counts(number: object) -> bool:
    """Whether something is the number of a layer, a head or a row."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return 0 <= number < _MOST and number == int(number)
