"""Predictions before and after an ablation, token by token."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from components.figures.base.look import MONO, Look, blank, quiet_axis
from components.words.escaping import token_label
from core.text.numbers import signed

if TYPE_CHECKING:
    from core.circuits.logit_effects import TokenProbability


def before_after(
    predictions: Sequence["TokenProbability"], emphasised: Collection[str], look: Look
) -> go.Figure:
    """A line a token from its probability before (grey) to after (accent), in percent.

    Tokens in `emphasised` are bold.
    """
    rows = list(range(len(predictions)))
    sketch = blank(look, 28 * len(rows) + 86)
    for row, each in zip(rows, predictions, strict=True):
        sketch.add_shape(
            type="line",
            x0=100 * each.before,
            x1=100 * each.after,
            y0=row,
            y1=row,
            line={"color": look.quiet, "width": 1.5},
            layer="below",
        )
        sketch.add_annotation(
            x=1,
            xref="paper",
            xanchor="right",
            y=row,
            text=f"{signed(100 * each.change, 2)} pp",
            showarrow=False,
            font={"size": look.size(11), "color": look.quiet},
            bgcolor=look.paper,  # over the row's line, which would run through the number
            borderpad=4,  # or its end would lengthen the minus sign
        )
    for name, colour in (("before", look.quiet), ("after", look.accent)):
        sketch.add_trace(
            go.Scatter(
                x=[100 * getattr(each, name) for each in predictions],
                y=rows,
                name=name,
                mode="markers",
                marker={"size": 10, "color": colour},
                hovertemplate=f"{name}: %{{x:.2f}} %<extra></extra>",
            )
        )
    highest = max(100 * max(each.before, each.after) for each in predictions)
    labels = [
        f"<b>{token_label(each.text, 14)}</b>"
        if each.text in emphasised
        else token_label(each.text, 14)
        for each in predictions
    ]
    sketch.update_yaxes(
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
    sketch.update_yaxes(tickfont={"family": MONO, "size": look.size(12), "color": look.ink})
    sketch.update_xaxes(
        quiet_axis(
            look,
            title={"text": "probability, %", "standoff": 8},
            range=[-0.04 * highest, 1.28 * highest],  # room for whole markers, and for the changes
        )
    )
    sketch.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "itemclick": False},
    )
    return sketch.figure()
