"""Predictions before and after an ablation, token by token."""

from collections.abc import Sequence

import plotly.graph_objects as go

from components.figures.look import MONO, Look, blank, quiet_axis
from components.plain import token_label


def before_after(
    predictions: Sequence[tuple[str, float, float]], target: str, look: Look
) -> go.Figure:
    """A line a token from its probability before (grey) to after (accent), in percent."""
    rows = list(range(len(predictions)))
    figure = blank(look, 28 * len(rows) + 86)
    for row, (_, before, after) in zip(rows, predictions, strict=True):
        figure.add_shape(
            type="line",
            x0=100 * before,
            x1=100 * after,
            y0=row,
            y1=row,
            line={"color": look.quiet, "width": 1.5},
            layer="below",
        )
    for name, column, colour in (("before", 1, look.quiet), ("after", 2, look.accent)):
        figure.add_trace(
            go.Scatter(
                x=[100 * p[column] for p in predictions],
                y=rows,
                name=name,
                mode="markers",
                marker={"size": 10, "color": colour},
                hovertemplate=f"{name}: %{{x:.2f}} %<extra></extra>",
            )
        )
    highest = max(100 * max(before, after) for _, before, after in predictions)
    labels = [
        f"<b>{token_label(text, 14)}</b>" if text == target else token_label(text, 14)
        for text, _, _ in predictions
    ]
    figure.update_yaxes(
        quiet_axis(
            look,
            tickmode="array",
            tickvals=rows,
            ticktext=labels,
            range=[len(rows) - 0.4, -0.6],
            showgrid=True,
            gridcolor=look.line,
        )
    )
    figure.update_yaxes(tickfont={"family": MONO, "size": look.size(12), "color": look.ink})
    figure.update_xaxes(
        quiet_axis(
            look,
            title={"text": "probability, %", "standoff": 8},
            range=[-0.04 * highest, 1.06 * highest],  # room for whole markers at both ends
        )
    )
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "itemclick": False},
    )
    return figure
