"""A blank grid to pick heads from: it shows which are chosen, and no effects."""

from collections.abc import Collection

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import targets, thinned
from components.figures.base.look import Look, blank, quiet_axis
from core.spec.heads import Head, all_heads


def pick_grid(shape: tuple[int, int], chosen: Collection[Head], look: Look) -> go.Figure:
    """Layers down, heads across; chosen cells are filled, a click gives a head."""
    n_layers, n_heads = shape
    cell = float(np.clip(300 / n_layers, 12, 44))
    figure = blank(look, n_layers * cell + look.size(44))
    heads = all_heads(*shape)
    figure.add_trace(
        go.Heatmap(
            z=[
                [int(Head(layer, head) in chosen) for head in range(n_heads)]
                for layer in range(n_layers)
            ],
            x=list(range(n_heads)),
            y=list(range(n_layers)),
            zmin=0,
            zmax=1,
            colorscale=[(0.0, look.paper), (1.0, look.accent)],
            showscale=False,
            xgap=1,
            ygap=1,
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        targets(
            [head.head for head in heads],
            [head.layer for head in heads],
            [[*head] for head in heads],
            [
                f"{head.label}: {'in the hypothesis' if head in chosen else 'click to add'}"
                for head in heads
            ],
        )
    )
    figure.update_layout(
        xaxis=quiet_axis(
            look,
            title={"text": "head", "standoff": 4},
            side="top",
            tickmode="array",
            tickvals=thinned(n_heads, 26),
            range=[-0.5, n_heads - 0.5],
        ),
        yaxis=quiet_axis(
            look,
            title={"text": "layer", "standoff": 8},
            tickmode="array",
            tickvals=thinned(n_layers, 26),
            range=[n_layers - 0.5, -0.5],
        ),
        hovermode="closest",
        hoverdistance=-1,
        plot_bgcolor=look.line,
    )
    return figure
