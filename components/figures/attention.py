"""One head's attention pattern over the prompt, with token labels."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import bar_beneath, outline, scale_of
from components.figures.base.look import MONO, Look, blank, quiet_axis
from components.figures.base.sketch import Sketch
from components.words.escaping import token_label

MAX_POSITIONS = 160
"""Cells a side at most: more would freeze the page. Of a longer prompt each covers several."""
LABELLED = 48
"""Up to this many positions every one carries its token."""


def attention_pattern(
    pattern: np.ndarray,
    tokens: Sequence[str],
    look: Look,
    *,
    unit: str = "attention weight",
    top: float | None = 1.0,
    outlined: Sequence[tuple[int, int]] = (),
) -> go.Figure:
    """Queries down, keys across; plain weights sum to 1 over a row's keys.

    A cell of a prompt longer than `MAX_POSITIONS` is the largest among its positions. `top` is the
    scale's end, None for the largest value. The cells of `outlined` (query, key) have a frame.
    """
    n = len(tokens)
    size = -(-n // MAX_POSITIONS)
    shown = pattern if size == 1 else _pooled(pattern, size)
    labels = [f"{i} {token_label(tokens[i], 14)}" for i in range(n)]
    blocks = [_block(start, min(start + size, n), labels) for start in range(0, n, size)]
    side = float(np.clip(20 * len(blocks) + 150, 320, 520))
    sketch = blank(look, side)
    few = len(blocks) <= LABELLED
    most = "at most " if size > 1 else ""
    sketch.add_trace(
        go.Heatmap(
            z=[
                [float(v) if key <= query else None for key, v in enumerate(row)]
                for query, row in enumerate(shown)
            ],
            x=blocks,
            y=blocks,
            zmin=0,
            zmax=scale_of(pattern) if top is None else top,
            colorscale=look.sequential,
            colorbar=bar_beneath(unit, look, 1.0, title_side="bottom"),
            xgap=1 if few else 0,
            ygap=1 if few else 0,
            hovertemplate=f"%{{y}} → %{{x}}: {most}%{{z:.2f}}<extra></extra>",
            hoverongaps=False,
        )
    )
    for query, key in outlined:  # a category's place on its axis is its number
        name = f"knocked out {query} {key}"
        sketch.add_shape(outline(key // size, query // size, look, name, inset=-0.25))
    _axes(sketch, blocks, labels[::size], look)
    # Room for the last slanted label, which ends to the right of the plot.
    sketch.update_layout(margin={"l": 8, "r": 48, "t": 8, "b": look.size(64)})
    return sketch.figure()


def _pooled(pattern: np.ndarray, size: int) -> np.ndarray:
    """The largest weight of each block of `size` queries by `size` keys."""
    n = len(pattern)
    blocks = -(-n // size)
    padded = np.zeros((blocks * size, blocks * size))
    padded[:n, :n] = np.tril(pattern)
    found: np.ndarray = padded.reshape(blocks, size, blocks, size).max(axis=(1, 3))
    return found


def _block(first: int, stop: int, labels: Sequence[str]) -> str:
    return labels[first] if stop - first == 1 else f"{first}–{stop - 1}"


def _axes(sketch: Sketch, blocks: Sequence[str], firsts: Sequence[str], look: Look) -> None:
    """Each cell by its name; `firsts` are the labels of the first position in each."""
    every = 1 if len(blocks) <= LABELLED else max(1, len(blocks) // 20)
    ticks = {
        "type": "category",
        "tickmode": "array",
        "tickvals": blocks[::every],
        "ticktext": firsts[::every],
    }
    sketch.update_xaxes(
        quiet_axis(
            look, title={"text": "to (key)", "standoff": 6}, side="top", tickangle=-60, **ticks
        )
    )
    sketch.update_yaxes(
        quiet_axis(
            look, title={"text": "from (query)", "standoff": 12}, autorange="reversed", **ticks
        )
    )
    font = {"family": MONO, "size": look.size(10), "color": look.quiet}
    sketch.update_xaxes(tickfont=font)
    sketch.update_yaxes(tickfont=font)
