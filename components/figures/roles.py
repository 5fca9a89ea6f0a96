"""Role scores: one head's, every head's against its effect, and what an ablation does to them."""

import numpy as np
import plotly.graph_objects as go

from components.figures.cells import targets
from components.figures.look import Look, blank, quiet_axis
from components.figures.metric import Metric
from core.circuits.roles import COPYING, THRESHOLD, RoleScores
from core.heads import Head, all_heads
from core.wording import signed

NAMED = 6
"""Of the points farthest out."""
PLOT = np.array([480.0, 260.0])
"""About the pixels of a scatter, from end to end of its axes."""
LABEL = np.array([38.0, 13.0])
"""Half of what a label keeps free of others, in pixels; points are a little smaller."""
SIDES = np.array([(0, 13), (0, -14), (26, 0), (-26, 0)])
"""Where a label may stand: above its point, below, to the right, to the left."""
LISTED = 12
"""Heads of a before-and-after."""


def role_bars(roles: RoleScores, head: Head, look: Look) -> go.Figure:
    """A bar a role, 0 to 1, with its standard error, its percentile and the threshold's line."""
    names = list(roles.roles)
    scores = [float(roles.of(role)[head]) for role in names]
    errors = [float(np.nan_to_num(roles.error_of(role)[head])) for role in names]
    figure = blank(look, 34 * (len(names) + 1.6) + 70)
    figure.add_trace(
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
        figure.add_annotation(
            x=score + error,
            y=role,
            text=_said(roles, role, head),
            showarrow=False,
            xanchor="left",
            xshift=6,
            bgcolor=look.paper,
            borderpad=1,
            font={"size": look.size(11), "color": look.ink},
        )
    own = roles.copying is not None
    if roles.copying is not None:
        _copying(figure, roles, head, look)
    _threshold(figure, look, bottom=0.27 if own else 0.0)
    figure.update_layout(
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
    figure.update_yaxes(tickfont={"size": look.size(12), "color": look.ink})
    return figure


def _said(roles: RoleScores, role: str, head: Head) -> str:
    share = roles.percentile(role, head)
    place = "" if np.isnan(share) else f" · above {share:.0f} % of heads"
    return f"{float(roles.of(role)[head]):.2f}{place}"


def _copying(figure: go.Figure, roles: RoleScores, head: Head, look: Look) -> None:
    """On an axis of its own: it is read off the weights, and runs from -1 to 1."""
    assert roles.copying is not None
    score, share = float(roles.copying[head]), roles.percentile(COPYING, head)
    place = "" if np.isnan(share) else f" · above {share:.0f} % of heads"
    figure.add_trace(
        go.Bar(
            y=["copying (OV circuit)"],
            x=[score],
            orientation="h",
            marker={"color": look.quiet},
            width=0.6,
            xaxis="x2",
            yaxis="y2",
            text=[f"{signed(score, 2)}{place}"],
            textposition="none",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.add_annotation(
        x=max(score, 0.0),
        y="copying (OV circuit)",
        xref="x2",
        yref="y2",
        text=f"{signed(score, 2)}{place}",
        showarrow=False,
        xanchor="left",
        xshift=6,
        font={"size": look.size(11), "color": look.ink},
    )
    figure.update_layout(
        xaxis2=quiet_axis(
            look,
            title={"text": "from the weights, −1 to 1", "standoff": 4},
            range=[-1, 2.24],
            tickmode="array",
            tickvals=[-1, 0, 1],
            zeroline=True,
            zerolinecolor=look.quiet,
            anchor="y2",
        ),
        yaxis2=quiet_axis(look, domain=[0.0, 0.11], anchor="x2"),
    )


def _threshold(figure: go.Figure, look: Look, bottom: float = 0.0) -> None:
    figure.add_shape(
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
    figure.add_annotation(
        x=THRESHOLD,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=f"{THRESHOLD}: a convention",
        showarrow=False,
        font={"size": look.size(10.5), "color": look.quiet},
    )


def role_scatter(
    scores: np.ndarray,
    effects: np.ndarray,
    role: str,
    metric: Metric,
    look: Look,
    selected: Head | None = None,
) -> go.Figure:
    """Every head: where it looks (x) against what its ablation does here (y, in the metric)."""
    heads = [
        h for h in all_heads(*scores.shape) if np.isfinite(scores[h]) and np.isfinite(effects[h])
    ]
    x, y = [float(scores[h]) for h in heads], [float(effects[h]) for h in heads]
    figure = blank(look, look.size(340))
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers",
            marker={
                "size": [13 if h == selected else 8 for h in heads],
                "color": [look.accent if h == selected else look.quiet for h in heads],
                "line": {"width": 1, "color": look.paper},
                "opacity": 0.9,
            },
            unselected={"marker": {"opacity": 0.9}},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        targets(
            x,
            y,
            [[*h] for h in heads],
            [
                f"<b>{h.label}</b> {role} {score:.2f} · {metric.quantity(effect)}"
                for h, score, effect in zip(heads, x, y, strict=True)
            ],
        )
    )
    ranges = _wide(x if role == COPYING else [*x, THRESHOLD]), _wide(y)
    for head, (right, up) in _placed(heads, np.array([x, y]).T, ranges, selected, look).items():
        figure.add_annotation(
            x=float(scores[head]),
            y=float(effects[head]),
            text=f"<b>{head.label}</b>" if head == selected else head.label,
            showarrow=False,
            xshift=right,
            yshift=up,
            font={"size": look.size(11), "color": look.ink},
        )
    if role != COPYING:
        _threshold(figure, look)
    of = "copying score (OV circuit)" if role == COPYING else f"{role} score on random tokens"
    figure.update_xaxes(quiet_axis(look, title={"text": of, "standoff": 8}, range=ranges[0]))
    figure.update_yaxes(
        quiet_axis(
            look,
            title={"text": f"{metric.title}, {metric.unit}", "standoff": 8},
            zeroline=True,
            zerolinecolor=look.line,
            range=ranges[1],
        )
    )
    figure.update_layout(
        hovermode="closest", hoverdistance=-1, margin={"l": 8, "r": 12, "t": 24, "b": 8}
    )
    return figure


def _wide(values: list[float]) -> list[float]:
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.1 * ((high - low) or 1.0)
    return [low - room, high + room]


def _placed(
    heads: list[Head],
    points: np.ndarray,
    ranges: tuple[list[float], list[float]],
    selected: Head | None,
    look: Look,
) -> dict[Head, tuple[float, float]]:
    """The heads to name and where beside their points (pixels right and up): the selected one,
    then the farthest from the cloud's middle, as long as a label covers no point and no other.
    """
    if not heads:
        return {}
    span = np.maximum(np.ptp(points, axis=0), 1e-9)
    away = (((points - np.median(points, axis=0)) / span) ** 2).sum(1)
    order = sorted(range(len(heads)), key=lambda i: (heads[i] != selected, -away[i], i))
    # In pixels: every point, then every label.
    taken = points / np.ptp(ranges, axis=1) * PLOT * (1, look.scale)
    label, sides = LABEL * look.scale, SIDES * look.scale
    placed: dict[Head, tuple[float, float]] = {}
    for i in order[:NAMED]:
        places, others = taken[i] + sides, np.delete(taken, i, axis=0)
        covered = (np.abs(others - places[:, None]) < label).all(axis=2).sum(axis=1)
        best = int(np.argmin(covered))
        if covered[best] == 0 or heads[i] == selected:
            right, up = map(float, sides[best])
            placed[heads[i]] = right, up
            taken = np.vstack([taken, places[best]])
    return placed


def role_change(before: np.ndarray, after: np.ndarray, role: str, look: Look) -> go.Figure:
    """A line a head from its score before (grey) to after (accent); the highest ones."""
    heads = all_heads(*before.shape)
    highest = sorted(heads, key=lambda h: -max(float(before[h]), float(after[h])))[:LISTED]
    rows = list(range(len(highest)))
    figure = blank(look, 24 * len(rows) + 96)
    for row, head in zip(rows, highest, strict=True):
        figure.add_shape(
            type="line",
            x0=float(before[head]),
            x1=float(after[head]),
            y0=row,
            y1=row,
            line={"color": look.quiet, "width": 1.5},
            layer="below",
        )
    for name, values, colour in (("before", before, look.quiet), ("after", after, look.accent)):
        figure.add_trace(
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
    _threshold(figure, look)
    figure.update_yaxes(
        quiet_axis(
            look,
            tickmode="array",
            tickvals=rows,
            ticktext=[head.label for head in highest],
            range=[len(rows) - 0.4, -0.6],
            showgrid=True,
            gridcolor=look.line,
        )
    )
    figure.update_xaxes(
        quiet_axis(look, title={"text": f"{role} score", "standoff": 8}, range=[-0.04, 1.06])
    )
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom",
                "itemclick": False},
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
    )  # fmt: skip
    return figure
