"""One run's value against the other's, a point a head: off the diagonal is what moved."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import bar_beneath, targets
from components.figures.base.head_axes import thinned
from components.figures.base.label_placement import PlacedLabel, add_labels, place_labels
from components.figures.base.look import Look, Scale, blank, quiet_axis
from components.figures.base.sketch import Sketch
from components.figures.comparison import A_AND_B, Names, RunName, head_words
from core.results.comparison import Comparison
from core.results.metrics import Metric
from core.spec.heads import Head, all_heads

NAMED = 8
"""Of the heads that moved most."""
CAPTION = 34
"""Characters of a run's caption that an axis title has room for."""
SIDE = 360.0
"""Pixels of the square plot's side, before a look's scale."""
LEFT, RIGHT, TOP, BELOW = 64.0, 16.0, 12.0, 90.0
"""Pixels around it: fixed, so that the square is as large as the labels' places assume."""
POINT, CHOSEN = 9.0, 14.0
"""The sizes of points, of the selected one too."""


def comparison_scatter(
    comparison: Comparison,
    metric: Metric,
    look: Look,
    selected: Head | None = None,
    *,
    names: Names = A_AND_B,
) -> go.Figure:
    """Every head: its value in the first run (x) against that in the second (y), equal axes.

    On the dotted diagonal the runs agree. The heads that moved most are named as long as a label
    finds room; the selected one always is.
    """
    heads = all_heads(*comparison.one.shape)
    points = np.array([(comparison.one[h], comparison.other[h]) for h in heads]) * metric.factor
    ends = _ends(points, metric)
    sketch = blank(look, look.size(SIDE + TOP + BELOW))
    _diagonal(sketch, ends, look)
    _points(sketch, heads, points, selected, look)
    sketch.add_trace(
        targets(
            points[:, 0].tolist(),
            points[:, 1].tolist(),
            [[*head] for head in heads],
            [head_words(comparison, head, metric, names) for head in heads],
        )
    )
    labels = [
        PlacedLabel(heads.index(head), head.label, needed=head == selected)
        for head in _to_name(comparison, metric, selected)
    ]
    side = look.size(SIDE)
    pixels = (points - ends[0]) / (ends[1] - ends[0]) * side
    zero = -ends[0] / (ends[1] - ends[0]) * side
    add_labels(
        sketch,
        labels,
        points,
        place_labels(
            labels,
            pixels,
            np.array([look.size(CHOSEN if head == selected else POINT) for head in heads]),
            (side, side),
            look,
            crossings=lambda places, half: _crossings(places, half, zero),
        ),
        look,
    )
    _axes(sketch, ends, metric, names, look)
    sketch.update_layout(
        hovermode="closest",
        hoverdistance=-1,
        margin={
            "l": look.size(LEFT),
            "r": look.size(RIGHT),
            "t": look.size(TOP),
            "b": look.size(BELOW),
        },
        coloraxis=_layers(comparison.one.shape[0], look),
    )
    return sketch.figure()


def _ends(points: np.ndarray, metric: Metric) -> tuple[float, float]:
    """Both axes' range: everything, 0, and room for labels; never only noise."""
    low, high = min(0.0, float(points.min())), max(0.0, float(points.max()))
    if high - low < metric.notable:
        low, high = (-metric.notable if metric.signed else 0.0), metric.notable
    room = 0.08 * (high - low)
    return low - room, high + room


def _points(
    sketch: Sketch,
    heads: Sequence[Head],
    points: np.ndarray,
    selected: Head | None,
    look: Look,
) -> None:
    size = POINT if len(heads) <= 200 else POINT - 2
    order = sorted(range(len(heads)), key=lambda i: heads[i] == selected)  # it lies on top
    chosen = [heads[i] == selected for i in order]
    sketch.add_trace(
        go.Scatter(
            x=points[order, 0].tolist(),
            y=points[order, 1].tolist(),
            mode="markers",
            marker={
                "size": [CHOSEN if own else size for own in chosen],
                "color": [heads[i].layer for i in order],
                "coloraxis": "coloraxis",
                "line": {
                    "width": [2.5 if own else 0.75 for own in chosen],
                    "color": [look.ink if own else look.quiet for own in chosen],
                },
                "opacity": 0.9,
            },
            unselected={"marker": {"opacity": 0.9}},
            hoverinfo="skip",
        )
    )


def _diagonal(sketch: Sketch, ends: tuple[float, float], look: Look) -> None:
    sketch.add_shape(
        type="line",
        x0=ends[0],
        y0=ends[0],
        x1=ends[1],
        y1=ends[1],
        layer="below",
        line={"color": look.quiet, "width": 1, "dash": "dot"},
        name="diagonal",
    )


def _axes(
    sketch: Sketch, ends: tuple[float, float], metric: Metric, names: Names, look: Look
) -> None:
    shared = {
        "range": list(ends),
        "zeroline": True,
        "zerolinecolor": look.line,
        "zerolinewidth": 1.5,
        "nticks": 7,
        "automargin": False,
        "constrain": "domain",
    }
    # The square stands at the left, where its colour bar is, however wide the page.
    across, up = (_axis_title(name, metric) for name in names)
    sketch.update_xaxes(
        quiet_axis(look, title={"text": across, "standoff": 8}, constraintoward="left", **shared)
    )
    sketch.update_yaxes(
        quiet_axis(look, title={"text": up, "standoff": 8}, scaleanchor="x", scaleratio=1, **shared)
    )


def _axis_title(name: RunName, metric: Metric) -> str:
    return f"{name.title(CAPTION)} · {metric.short}, {metric.unit}"


def _layers(n_layers: int, look: Look) -> dict[str, object]:
    """The colour of a layer; with one layer there is nothing to tell apart."""
    return {
        "cmin": 0,
        "cmax": max(n_layers - 1, 1),
        "colorscale": _off_paper(look.sequential),
        "showscale": n_layers > 1,
        "colorbar": {
            **bar_beneath("layer", look, look.size(0.6 * SIDE)),
            "lenmode": "pixels",
            "tickmode": "array",
            "tickvals": thinned(n_layers, 9),
        },
    }


def _off_paper(scale: Scale) -> Scale:
    """A sequential scale without the paper's own colour, in which a point would not be seen."""
    stops = [colour for _, colour in scale[1:]]
    return [(i / (len(stops) - 1), colour) for i, colour in enumerate(stops)]


def _to_name(comparison: Comparison, metric: Metric, selected: Head | None) -> list[Head]:
    """The selected head, then those that moved most and by something."""
    moved = [
        m.head
        for m in comparison.moved[:NAMED]
        if abs(m.difference) * metric.factor >= metric.notable
    ]
    first = [] if selected is None else [selected]
    return first + [head for head in moved if head != selected]


def _crossings(places: np.ndarray, half: np.ndarray, zero: float) -> np.ndarray:
    """How many of the lines (two zeros and the diagonal) run through a label at each place."""
    diagonal = np.abs(places[:, :1] - places[:, 1:]) < half.sum()
    found: np.ndarray = np.hstack([np.abs(places - zero) < half, diagonal]).sum(1)
    return found
