"""Where every head looks against what its ablation does here, the outermost ones named."""

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import targets
from components.figures.base.look import Look, blank, quiet_axis
from components.figures.head_scores import threshold_line
from core.circuits.head_scores import COPYING, THRESHOLD
from core.results.metrics import Metric
from core.spec.heads import Head, all_heads

NAMED = 6
"""Of the points farthest out."""
PLOT = np.array([480.0, 260.0])
"""About the pixels of a scatter, from end to end of its axes."""
LABEL = np.array([38.0, 13.0])
"""Half of what a label keeps free of others, in pixels; points are a little smaller."""
SIDES = np.array([(0, 13), (0, -14), (26, 0), (-26, 0)])
"""Where a label may stand: above its point, below, to the right, to the left."""


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
        threshold_line(figure, look)
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
