"""Layers by positions: what the clean residual stream restores at each."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.figures.base.look import Look
from components.figures.position_map import position_map
from core.spec.heads import Head


def stream_map(
    values: np.ndarray,
    positions: Sequence[int],
    tokens: Sequence[str],
    unit: str,
    look: Look,
    *,
    limit: float | None = None,
    positive_takes: bool = False,
) -> go.Figure:
    """Rows are the stream before each layer, and after the last; columns are positions.

    The scale ends at `limit`, None for the largest value. `positive_takes` as in `position_map`.
    """
    n_layers = len(values) - 1
    rows = [*(f"before layer {layer}" for layer in range(n_layers)), "after the last layer"]
    heads = [Head(layer, 0) for layer in range(n_layers + 1)]
    return position_map(
        values,
        heads,
        positions,
        tokens,
        unit,
        look,
        digits=2,
        limit=limit,
        rows=rows,
        rows_title="residual stream",
        positive_takes=positive_takes,
    )
