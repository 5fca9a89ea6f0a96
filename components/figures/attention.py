"""One head's attention pattern over the prompt, with token labels."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.figures.look import MONO, Look, blank, quiet_axis
from components.plain import token_label

MAX_POSITIONS = 160
"""Positions drawn at most: the last ones, where the answer is. More would freeze the page."""
LABELLED = 48
"""Up to this many positions every one carries its token."""


def attention_pattern(pattern: np.ndarray, tokens: Sequence[str], look: Look) -> go.Figure:
    """Queries down, keys across; each row sums to 1 (over all keys, drawn or not)."""
    first = max(0, len(tokens) - MAX_POSITIONS)
    shown = list(range(first, len(tokens)))
    z = pattern[first:, first:]
    labels = [f"{i} {token_label(tokens[i], 14)}" for i in shown]
    side = float(np.clip(20 * len(shown) + 110, 300, 460))
    figure = blank(look, side)
    grid = [
        [float(v) if key <= query else None for key, v in enumerate(row)]
        for query, row in enumerate(z)
    ]
    figure.add_trace(
        go.Heatmap(
            z=grid,
            x=shown,
            y=shown,
            zmin=0,
            zmax=1,
            colorscale=look.sequential,
            showscale=False,
            xgap=1 if len(shown) <= LABELLED else 0,
            ygap=1 if len(shown) <= LABELLED else 0,
            text=[[f"{q} → {k}" for k in labels] for q in labels]
            if len(shown) <= LABELLED
            else None,
            hovertemplate="%{text}: %{z:.2f}<extra></extra>"
            if len(shown) <= LABELLED
            else "%{y} → %{x}: %{z:.2f}<extra></extra>",
            hoverongaps=False,
        )
    )
    every = 1 if len(shown) <= LABELLED else 8
    ticks = {"tickmode": "array", "tickvals": shown[::every], "ticktext": labels[::every]}
    font = {"family": MONO, "size": look.size(10), "color": look.quiet}
    figure.update_xaxes(
        quiet_axis(look, title={"text": "to (key)"}, side="top", tickangle=-60, **ticks)
    )
    figure.update_yaxes(
        quiet_axis(
            look, title={"text": "from (query)", "standoff": 12}, autorange="reversed", **ticks
        )
    )
    # Room for the last slanted label, which ends to the right of the plot.
    figure.update_layout(margin={"l": 8, "r": 48, "t": 8, "b": 8})
    figure.update_xaxes(tickfont=font)
    figure.update_yaxes(tickfont=font)
    return figure
