"""Where every head looks against what its ablation does here, the outermost ones named."""

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import targets
from components.figures.base.label_placement import PlacedLabel, add_labels, place_labels
from components.figures.base.look import Look, blank, quiet_axis
from components.figures.head_scores import threshold_line
from core.circuits.head_scores import COPYING, THRESHOLD
from core.results.metrics import Metric
from core.spec.heads import Head, all_heads
from core.text.numbers import decimal

NAMED = 6
"""Of the points farthest out."""
WIDTH, HEIGHT = 480.0, 260.0
"""About the pixels of the plot, its height before a look's scale."""
POINT, CHOSEN = 8.0, 13.0
"""The sizes of points, of the selected one too."""


def score_scatter(
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
    sketch = blank(look, look.size(340))
    sketch.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers",
            marker={
                "size": [CHOSEN if h == selected else POINT for h in heads],
                "color": [look.accent if h == selected else look.quiet for h in heads],
                "line": {"width": 1, "color": look.paper},
                "opacity": 0.9,
            },
            unselected={"marker": {"opacity": 0.9}},
            hoverinfo="skip",
        )
    )
    sketch.add_trace(
        targets(
            x,
            y,
            [[*h] for h in heads],
            [
                f"<b>{h.label}</b> {role} {decimal(score)} · {metric.quantity(effect)}"
                for h, score, effect in zip(heads, x, y, strict=True)
            ],
        )
    )
    ranges = _wide(x if role == COPYING else [*x, THRESHOLD]), _wide(y)
    points = np.array([x, y]).T
    labels, plot = _to_name(heads, points, selected), (WIDTH, look.size(HEIGHT))
    pixels = (points - [low for low, _ in ranges]) / np.ptp(ranges, axis=1) * plot
    diameters = np.array([CHOSEN if head == selected else POINT for head in heads])
    shifts = place_labels(labels, pixels, diameters, plot, look)
    add_labels(sketch, labels, points, shifts, look)
    if role != COPYING:
        threshold_line(sketch, look)
    of = "copying score (OV circuit)" if role == COPYING else f"{role} score on random tokens"
    sketch.update_xaxes(quiet_axis(look, title={"text": of, "standoff": 8}, range=ranges[0]))
    sketch.update_yaxes(
        quiet_axis(
            look,
            title={"text": f"{metric.title}, {metric.unit}", "standoff": 8},
            zeroline=True,
            zerolinecolor=look.line,
            range=ranges[1],
        )
    )
    sketch.update_layout(
        hovermode="closest", hoverdistance=-1, margin={"l": 8, "r": 12, "t": 24, "b": 8}
    )
    return sketch.figure()


def _wide(values: list[float]) -> list[float]:
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.1 * ((high - low) or 1.0)
    return [low - room, high + room]


def _to_name(heads: list[Head], points: np.ndarray, selected: Head | None) -> list[PlacedLabel]:
    """The selected head, then the farthest from the cloud's middle."""
    if not heads:
        return []
    span = np.maximum(np.ptp(points, axis=0), 1e-9)
    away = (((points - np.median(points, axis=0)) / span) ** 2).sum(1)
    order = sorted(range(len(heads)), key=lambda i: (heads[i] != selected, -away[i], i))
    return [PlacedLabel(i, heads[i].label, needed=heads[i] == selected) for i in order[:NAMED]]
