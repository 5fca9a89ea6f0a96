"""The layer x head heatmap of a sweep, with a click target over every cell."""

import numpy as np
import plotly.graph_objects as go

from components.figures.look import Look, blank, quiet_axis
from components.figures.metric import Metric
from core.heads import Head
from core.results import SweepResult
from core.wording import percent

MARKED = 8
"""How many of the strongest cells carry their number."""


def head_heatmap(
    result: SweepResult, metric: Metric, look: Look, selected: Head | None = None
) -> go.Figure:
    """Layers down, heads across; diverging and centred on 0, so colour reads as sign.

    A metric without a sign (KL) has a sequential scale from 0. Unfinished heads are blank.
    """
    n_layers, n_heads = result.shape
    values = metric.values(result)
    cell = _cell_height(n_layers)
    figure = blank(look, n_layers * cell + 66)
    figure.add_trace(_cells(result, values, metric, look))
    figure.add_trace(_click_targets(result, metric))
    if selected is not None:
        figure.add_shape(_outline(selected, look))
    figure.update_xaxes(
        quiet_axis(
            look,
            title={"text": "head", "standoff": 6},
            side="top",
            tickmode="array",
            tickvals=_ticks(n_heads),
            range=[-0.5, n_heads - 0.5],
        )
    )
    figure.update_yaxes(
        quiet_axis(
            look,
            title={"text": "layer", "standoff": 6},
            tickmode="array",
            tickvals=_ticks(n_layers),
            range=[n_layers - 0.5, -0.5],
        )
    )
    figure.update_layout(
        margin={"l": 8, "r": 4, "t": 8, "b": 6}, hovermode="closest", hoverdistance=-1
    )
    # Between the cells, and where a head is not finished: hairlines, so that a 0 is seen as a cell.
    figure.update_layout(plot_bgcolor=look.line)
    return figure


def color_limit(values: np.ndarray, metric: Metric) -> float:
    """The value at the end of the colour scale: the largest seen, but never noise."""
    finite = np.abs(values[np.isfinite(values)])
    return float(max(finite.max(initial=0.0), metric.notable))


def _cells(result: SweepResult, values: np.ndarray, metric: Metric, look: Look) -> go.Heatmap:
    limit = color_limit(values, metric)
    scale = look.diverging if metric.signed else look.sequential
    return go.Heatmap(
        z=[[None if np.isnan(v) else float(v) for v in row] for row in values],
        x=list(range(result.shape[1])),
        y=list(range(result.shape[0])),
        zmin=-limit if metric.signed else 0,
        zmax=limit,
        colorscale=scale,
        text=_marks(values, metric),
        texttemplate="%{text}",
        textfont={"size": look.size(12 if max(result.shape) <= 16 else 9)},
        xgap=1,
        ygap=1,
        hoverinfo="skip",
        colorbar={
            "title": {"text": metric.unit, "font": {"color": look.quiet, "size": look.size(12)}},
            "thickness": 12,
            "outlinewidth": 0,
            "nticks": 5,
            "tickfont": {"color": look.quiet, "size": look.size(11)},
            "x": 1.01,
            "xpad": 4,
            "ypad": 0,
        },
    )


def _marks(values: np.ndarray, metric: Metric) -> list[list[str]]:
    """Numbers for the strongest cells only; a number in every cell would be read as noise."""
    size = np.nan_to_num(np.abs(values))
    marked = np.argsort(-size, axis=None, kind="stable")[:MARKED]
    strong = {int(i) for i in marked if size.flat[i] >= metric.notable}
    digits = 0 if metric.field == "prob_change" else 1
    n_heads = values.shape[1]
    return [
        [
            metric.text(float(value), digits) if layer * n_heads + head in strong else ""
            for head, value in enumerate(row)
        ]
        for layer, row in enumerate(values)
    ]


def _click_targets(result: SweepResult, metric: Metric) -> go.Scatter:
    """Invisible points at the cells' centres: a heatmap reports no clicks (streamlit issue 8760).

    They are small and the figure's hoverdistance is unlimited, so that Plotly gives a click to
    the nearest centre: every point of a cell belongs to that cell at any width of the page.
    Points that fill the cells overlap, and Plotly then picks any of those beneath the pointer.
    """
    effects = result.heads
    base = percent(result.baseline.prob)
    return go.Scatter(
        x=[e.head for e in effects],
        y=[e.layer for e in effects],
        mode="markers",
        marker={"symbol": "square", "size": 4, "opacity": 0},
        unselected={"marker": {"opacity": 0}},
        selected={"marker": {"opacity": 0}},
        customdata=[[e.layer, e.head] for e in effects],
        text=[
            f"<b>{e.address.label}</b><br>P(target) {base} → {percent(e.prob)}"
            f"<br>{_change(e, metric)}<br>rank {result.baseline.rank} → {e.rank}"
            for e in effects
        ],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        cliponaxis=True,
    )


def _change(effect: object, metric: Metric) -> str:
    value = metric.of(effect)  # type: ignore[arg-type]
    if value is None:
        return ""
    name = "change" if metric.signed else "KL(clean ‖ ablated)"
    return f"{name} {metric.text(value)} {metric.unit}"


def _outline(head: Head, look: Look) -> dict[str, object]:
    return {
        "type": "rect",
        "x0": head.head - 0.47,
        "x1": head.head + 0.47,
        "y0": head.layer - 0.47,
        "y1": head.layer + 0.47,
        "line": {"color": look.ink, "width": 2.5},
        "name": f"selected {head.label}",
    }


def _cell_height(n_layers: int) -> float:
    return float(np.clip(430 / n_layers, 16, 64))


def _ticks(n: int) -> list[int]:
    step = 1 if n <= 26 else 4
    return list(range(0, n, step))
