"""Role scores: one head's in every role, and what an ablation does to every head's."""

import numpy as np
import plotly.graph_objects as go

from components.figures.base.head_axes import named_heads
from components.figures.base.look import Look, blank, quiet_axis
from components.figures.base.sketch import Sketch
from core.circuits.head_scores import COPYING, THRESHOLD, HeadScores
from core.circuits.score_places import score_place
from core.circuits.spread_words import MOVED
from core.spec.heads import Head, all_heads
from core.text.numbers import decimal, signed, unbroken

OF_OTHERS = " of others"
"""What a percentile is of: said when a bar is hovered, and above the figure, for want of room."""
LISTED = 12
"""Heads of a before-and-after."""


def score_bars(roles: HeadScores, head: Head, look: Look) -> go.Figure:
    """A bar a role, 0 to 1, with its standard error, its place and the threshold's line."""
    names = list(roles.roles)
    scores = [float(roles.values(role)[head]) for role in names]
    errors = [float(np.nan_to_num(roles.errors(role)[head])) for role in names]
    sketch = blank(look, 34 * (len(names) + 1.6) + 70)
    sketch.add_trace(
        go.Bar(
            y=names,
            x=scores,
            error_x={
                "type": "data",
                "array": errors,
                "color": look.ink,
                "thickness": 1,
                "width": 3,
            },
            orientation="h",
            marker={
                "color": [look.accent if score >= THRESHOLD else look.quiet for score in scores]
            },
            width=0.6,
            text=[_said(roles, role, head) for role in names],
            hovertemplate="%{y}: %{text}<extra></extra>",
            textposition="none",
        )
    )
    for role, score, error in zip(names, scores, errors, strict=True):
        sketch.add_annotation(
            x=score + error,
            y=role,
            text=_said(roles, role, head).removesuffix(OF_OTHERS),
            showarrow=False,
            xanchor="left",
            xshift=6,
            bgcolor=look.paper,
            borderpad=3,
            font={"size": look.size(11), "color": look.ink},
        )
    own = roles.copying is not None
    if roles.copying is not None:
        _copying(sketch, roles, head, look)
    threshold_line(sketch, look, bottom=0.27 if own else 0.0)
    sketch.update_layout(
        xaxis=quiet_axis(
            look,
            title={"text": "mean attention weight, 0 to 1", "standoff": 4},
            range=[0, 1.62],
            tickmode="array",
            tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1],
            anchor="y",
        ),
        yaxis=quiet_axis(
            look,
            autorange="reversed",
            domain=[0.27, 1.0] if own else [0, 1],
        ),
        margin={"l": 8, "r": 8, "t": look.size(24), "b": 8},
    )
    sketch.update_yaxes(tickfont={"size": look.size(12), "color": look.ink})
    return sketch.figure()


def _said(roles: HeadScores, role: str, head: Head) -> str:
    return f"{decimal(float(roles.values(role)[head]))}{_place(roles, role, head)}"


def _place(roles: HeadScores, role: str, head: Head) -> str:
    place = score_place(roles, role, head)
    return f" · {unbroken(place)}" if place else ""


def _copying(sketch: Sketch, roles: HeadScores, head: Head, look: Look) -> None:
    """On an axis of its own: it is read off the weights, and runs from -1 to 1."""
    assert roles.copying is not None
    score = float(roles.copying[head])
    said = f"{signed(score, 2)}{_place(roles, COPYING, head)}"
    sketch.add_trace(
        go.Bar(
            y=["copying (OV circuit)"],
            x=[score],
            orientation="h",
            marker={"color": look.quiet},
            width=0.6,
            xaxis="x2",
            yaxis="y2",
            text=[said],
            textposition="none",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    sketch.add_annotation(
        x=max(score, 0.0),
        y="copying (OV circuit)",
        xref="x2",
        yref="y2",
        text=said.removesuffix(OF_OTHERS),
        showarrow=False,
        xanchor="left",
        xshift=6,
        font={"size": look.size(11), "color": look.ink},
    )
    sketch.update_layout(
        xaxis2=quiet_axis(
            look,
            title={"text": "from the weights, −1 to 1", "standoff": 4},
            range=[-1, 2.6],
            tickmode="array",
            tickvals=[-1, 0, 1],
            zeroline=True,
            zerolinecolor=look.quiet,
            anchor="y2",
        ),
        yaxis2=quiet_axis(look, domain=[0.0, 0.11], anchor="x2"),
    )


def threshold_line(sketch: Sketch, look: Look, bottom: float = 0.0) -> None:
    """Where on a score's axis a head is said to look like a role: a convention."""
    sketch.add_shape(
        type="line",
        x0=THRESHOLD,
        x1=THRESHOLD,
        y0=bottom,
        y1=1,
        xref="x",
        yref="paper",
        line={"color": look.quiet, "width": 1, "dash": "dash"},
        name="threshold",
    )
    sketch.add_annotation(
        x=THRESHOLD,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=f"{THRESHOLD}: a convention",
        showarrow=False,
        font={"size": look.size(10.5), "color": look.quiet},
    )


def score_change(before: np.ndarray, after: np.ndarray, role: str, look: Look) -> go.Figure:
    """A line a head from its score before (grey) to after (accent), of those that moved.

    Of more than `LISTED` those that moved most, the highest score first.
    """
    moved = [h for h in all_heads(*before.shape) if abs(float(after[h] - before[h])) >= MOVED]
    most = sorted(moved, key=lambda h: -abs(float(after[h] - before[h])))[:LISTED]
    highest = sorted(most, key=lambda h: -max(float(before[h]), float(after[h])))
    rows = list(range(len(highest)))
    sketch = blank(look, 24 * len(rows) + 96)
    for row, head in zip(rows, highest, strict=True):
        sketch.add_shape(
            type="line",
            x0=float(before[head]),
            x1=float(after[head]),
            y0=row,
            y1=row,
            line={"color": look.quiet, "width": 1.5},
            layer="below",
        )
    for name, values, colour in (("before", before, look.quiet), ("after", after, look.accent)):
        sketch.add_trace(
            go.Scatter(
                x=[float(values[head]) for head in highest],
                y=rows,
                name=name,
                mode="markers",
                marker={"size": 10, "color": colour},
                text=[head.label for head in highest],
                hovertemplate=f"%{{text}} {name}: %{{x:.2f}}<extra></extra>",
            )
        )
    threshold_line(sketch, look)
    sketch.update_yaxes(
        named_heads(
            highest,
            look,
            most=LISTED,
            range=[len(rows) - 0.4, -0.6],
            showgrid=True,
            gridcolor=look.line,
        )
    )
    sketch.update_xaxes(
        quiet_axis(look, title={"text": f"{role} score", "standoff": 8}, range=[-0.04, 1.06])
    )
    sketch.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom",
                "itemclick": False},
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
    )  # fmt: skip
    return sketch.figure()
