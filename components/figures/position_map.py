"""Heads by positions: what a change at one position of one head did."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import (
    bar_beneath,
    coloured,
    numbers,
    scale_of,
    shares_of,
    targets,
)
from components.figures.base.head_axes import thinned
from components.figures.base.look import MONO, Look, blank, mirrored, quiet_axis
from components.figures.base.sketch import Sketch
from components.words.escaping import token_label
from core.spec.heads import Head
from core.text.numbers import signed

LABELLED = 48
"""Up to this many positions every one carries its token."""
NUMBERED, NUMBERED_ROWS = 20, 12
"""Up to so many positions and rows the strong cells carry their numbers."""
CELLS = 16_000
"""More would freeze the page."""


def position_map(
    values: np.ndarray,
    heads: Sequence[Head],
    positions: Sequence[int],
    tokens: Sequence[str],
    unit: str,
    look: Look,
    *,
    selected: Head | None = None,
    digits: int = 1,
    limit: float | None = None,
    rows: Sequence[str] | None = None,
    rows_title: str = "",
    positive_takes: bool = False,
) -> go.Figure:
    """Rows are heads, columns `positions` with their `tokens`; `values` is (head, position).

    `rows` are other names for the rows, for what is measured of layers and not of heads, and
    `rows_title` stands along them. `positive_takes`: what is positive is a loss of the answer, and
    red.
    Of more than `CELLS` cells a column covers several positions: each cell is the largest change
    among them, and a click gives the position where that is.
    """
    end = scale_of(values) if limit is None else limit
    scale = mirrored(look.diverging) if positive_takes else look.diverging
    called = [head.label for head in heads] if rows is None else list(rows)
    size = -(-values.size // CELLS)
    names = [f"{p} {token_label(t, 12)}" for p, t in zip(positions, tokens, strict=True)]
    labels = [
        _block(names[i : i + size], positions[i : i + size]) for i in range(0, len(names), size)
    ]
    strongest = _strongest(values, size)
    values = np.take_along_axis(values, strongest, axis=1)
    n_rows, n_columns = values.shape
    cell = 30.0 if n_rows == 1 else float(np.clip(520 / n_rows, 4, 26))
    below, above = look.size(72), look.size(132)
    sketch = blank(look, n_rows * cell + above + below)
    numbered = n_rows <= NUMBERED_ROWS and n_columns <= NUMBERED
    sketch.add_trace(
        coloured(
            values,
            zmin=-end,
            zmax=end,
            colorscale=scale,
            xgap=1 if n_columns <= LABELLED else 0,
            ygap=1 if n_rows <= LABELLED else 0,
            colorbar=bar_beneath(unit, look, 1.0, title_side="bottom"),
        )
    )
    if numbered:
        texts, at = _numbers(values, end, digits), shares_of(values, end)
        sketch.add_trace(numbers(texts, at, scale, look.size(10)))
    cells = [
        (row, column)
        for row, column in np.ndindex(*values.shape)
        if np.isfinite(values[row, column])
    ]
    marks = targets(
        [column for _, column in cells],
        [row for row, _ in cells],
        [[*heads[row], positions[int(strongest[row, column])]] for row, column in cells],
        [
            f"<b>{called[row]}</b> at {names[int(strongest[row, column])]}: "
            f"{signed(float(values[row, column]), digits)} {unit}"
            for row, column in cells
        ],
    )
    if rows is not None:  # no head to open by a click
        marks.customdata = None
    sketch.add_trace(marks)
    _axes(sketch, called, labels, rows_title, look)
    if selected is not None and selected in heads and n_rows > 1:
        row = list(heads).index(selected)
        sketch.add_shape(
            type="rect",
            x0=-0.5,
            x1=n_columns - 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": look.ink, "width": 2},
            name=f"selected {selected.label}",
        )
    sketch.update_layout(
        margin={"l": 8, "r": 48, "t": 8, "b": below},
        hovermode="closest",
        hoverdistance=-1,
        plot_bgcolor=look.line,
    )
    return sketch.figure()


def _axes(
    sketch: Sketch, rows: Sequence[str], labels: Sequence[str], rows_title: str, look: Look
) -> None:
    n_columns = len(labels)
    shown = list(range(n_columns)) if n_columns <= LABELLED else thinned(n_columns, 24)
    sketch.update_xaxes(
        quiet_axis(
            look,
            title={"text": "position", "standoff": 6},
            side="top",
            tickangle=-60,
            tickmode="array",
            tickvals=shown,
            ticktext=[labels[i] for i in shown],
            range=[-0.5, n_columns - 0.5],
        )
    )
    named = thinned(len(rows), 28)
    sketch.update_yaxes(
        quiet_axis(
            look,
            title={"text": rows_title, "standoff": 8},
            tickmode="array",
            tickvals=named,
            ticktext=[rows[at] for at in named],
            range=[len(rows) - 0.5, -0.5],
        )
    )
    sketch.update_xaxes(tickfont={"family": MONO, "size": look.size(10), "color": look.quiet})


def _block(names: Sequence[str], positions: Sequence[int]) -> str:
    return names[0] if len(names) == 1 else f"{positions[0]}–{positions[-1]}"


def _strongest(values: np.ndarray, size: int) -> np.ndarray:
    """For each row and block of `size` columns, the column of the largest finished change."""
    n_rows, n_columns = values.shape
    blocks = -(-n_columns // size)
    sizes = np.full((n_rows, blocks * size), -2.0)
    sizes[:, :n_columns] = np.where(np.isfinite(values), np.abs(values), -1.0)
    within: np.ndarray = sizes.reshape(n_rows, blocks, size).argmax(axis=2)
    found: np.ndarray = within + size * np.arange(blocks)
    return found


def _numbers(values: np.ndarray, end: float, digits: int) -> list[list[str]]:
    least = max(0.1 * end, 0.5 * 10.0**-digits)  # less would be noise, or read as 0
    return [
        [signed(float(v), digits) if np.isfinite(v) and abs(v) >= least else "" for v in row]
        for row in values
    ]
