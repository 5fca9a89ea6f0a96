"""A blank grid to pick heads from: it shows which are chosen, and no effects."""

from collections.abc import Collection

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import coloured, head_targets
from components.figures.base.head_axes import head_axes
from components.figures.base.look import Look, blank
from core.spec.heads import Head, all_heads

TICKS = 26
BELOW = 8.0
"""Pixels beneath the cells."""


def pick_grid(shape: tuple[int, int], chosen: Collection[Head], look: Look) -> go.Figure:
    """Layers down, heads across; chosen cells are filled, a click gives a head."""
    n_layers = shape[0]
    cell, above = float(np.clip(300 / n_layers, 12, 44)), look.size(42)
    sketch = blank(look, n_layers * cell + above + BELOW)
    heads = all_heads(*shape)
    picked = np.array([head in chosen for head in heads], dtype=float).reshape(shape)
    colours = [(0.0, look.paper), (1.0, look.accent)]
    sketch.add_trace(coloured(picked, zmin=0, zmax=1, colorscale=colours, showscale=False))
    told = [
        f"{head.label}: {'in the hypothesis' if head in chosen else 'click to add'}"
        for head in heads
    ]
    sketch.add_trace(head_targets(heads, told))
    sketch.update_layout(
        head_axes(shape, look, most=TICKS),
        margin={"t": above},
        hovermode="closest",
        hoverdistance=-1,
        plot_bgcolor=look.line,
    )
    return sketch.figure()
