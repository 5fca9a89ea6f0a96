"""The same sweep under every kind of ablation: small multiples on one colour scale."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import bar_beneath, rows_of
from components.figures.base.look import Look, blank, quiet_axis
from components.figures.head_heatmap import color_limit
from components.words.escaping import as_label
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.spec.ablation import AblationKind
from core.spec.heads import Head

COLUMNS = 2
_BETWEEN = 0.06
_TITLE, _ABOVE, _BELOW = 26.0, 30.0, 50.0
_WRAP = 32


def kind_multiples(
    results: Mapping[AblationKind, SweepResult],
    absent: Mapping[AblationKind, str],
    shape: tuple[int, int],
    metric: Metric,
    look: Look,
    selected: Head | None = None,
) -> go.Figure:
    """A panel a kind, layers down and heads across, all on one colour scale.

    `absent` has a word for each kind without a result; it stands in that kind's panel.
    """
    kinds = [kind for kind in AblationKind if kind in results or kind in absent]
    values = {kind: metric.values(results[kind]) for kind in results}
    n_rows = -(-len(kinds) // COLUMNS)
    cell = float(np.clip(150 / shape[0], 7, 30))
    panel = max(shape[0] * cell, 70.0)
    figure = blank(look, n_rows * (panel + look.size(_TITLE + _ABOVE)) + look.size(_BELOW))
    height = n_rows * (panel + look.size(_TITLE + _ABOVE))
    for index, kind in enumerate(kinds):
        row, column = divmod(index, COLUMNS)
        width = (1 - _BETWEEN * (COLUMNS - 1)) / COLUMNS
        left = column * (width + _BETWEEN)
        top = 1 - (row * (panel + look.size(_TITLE + _ABOVE)) + look.size(_TITLE + _ABOVE)) / height
        across, down = (left, left + width), (max(0.0, top - panel / height), top)
        _axes(figure, index, shape, across, down, look, labelled=(row == 0, column == 0))
        _title(figure, index, kind, panel, look)
        if kind in results:
            figure.add_trace(_cells(values[kind], kind, index, metric))
            if selected is not None:
                figure.add_shape(_outline(selected, index, look))
        else:
            _word(figure, index, absent[kind], look)
    limit = max((color_limit(v, metric) for v in values.values()), default=metric.notable)
    figure.update_layout(
        coloraxis={
            "cmin": -limit if metric.signed else 0,
            "cmax": limit,
            "colorscale": look.diverging if metric.signed else look.sequential,
            "colorbar": bar_beneath(metric.unit, look, 1.0),
            "showscale": bool(results),
        },
        margin={"l": 8, "r": 6, "t": 0, "b": look.size(_BELOW)},
        hovermode="closest",
    )
    return figure


def _cells(values: np.ndarray, kind: AblationKind, index: int, metric: Metric) -> go.Heatmap:
    return go.Heatmap(
        z=rows_of(values),
        x=list(range(values.shape[1])),
        y=list(range(values.shape[0])),
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        text=[
            [
                f"<b>{Head(layer, head).label}</b> {kind.label}<br>"
                + ("no value" if np.isnan(value) else metric.quantity(float(value)))
                for head, value in enumerate(row)
            ]
            for layer, row in enumerate(values)
        ],
        hovertemplate="%{text}<extra></extra>",
        **_on(index),
    )


def _axes(
    figure: go.Figure,
    index: int,
    shape: tuple[int, int],
    across: tuple[float, float],
    down: tuple[float, float],
    look: Look,
    labelled: tuple[bool, bool],
) -> None:
    n_layers, n_heads = shape
    number = "" if index == 0 else str(index + 1)
    heads_named, layers_named = labelled
    frame = {"showline": True, "mirror": True, "linecolor": look.line, "automargin": False}
    figure.layout[f"xaxis{number}"] = quiet_axis(
        look,
        domain=across,
        anchor=f"y{number}",
        side="top",
        range=[-0.5, n_heads - 0.5],
        tickvals=_ticks(n_heads),
        showticklabels=heads_named,
        **frame,
    )
    figure.layout[f"yaxis{number}"] = quiet_axis(
        look,
        domain=down,
        anchor=f"x{number}",
        range=[n_layers - 0.5, -0.5],
        tickvals=_ticks(n_layers),
        showticklabels=layers_named,
        title={"text": "layer" if layers_named else "", "standoff": 12},
        **{**frame, "automargin": layers_named},
    )


def _title(figure: go.Figure, index: int, kind: AblationKind, panel: float, look: Look) -> None:
    number = "" if index == 0 else str(index + 1)
    figure.add_annotation(
        text=f"<b>{kind.label}</b>",
        x=0,
        xref=f"x{number} domain",
        xanchor="left",
        y=1,
        yref=f"y{number} domain",
        yanchor="bottom",
        yshift=look.size(18 if index < COLUMNS else 3),
        showarrow=False,
        font={"size": look.size(12), "color": look.ink},
    )


def _word(figure: go.Figure, index: int, text: str, look: Look) -> None:
    number = "" if index == 0 else str(index + 1)
    figure.add_trace(go.Scatter(x=[None], y=[None], **_on(index)))  # an axis pair needs a trace
    figure.add_annotation(
        text="<br>".join(as_label(line) for line in textwrap.wrap(text, _WRAP)),
        x=0.5,
        xref=f"x{number} domain",
        y=0.5,
        yref=f"y{number} domain",
        showarrow=False,
        font={"size": look.size(11), "color": look.quiet},
    )


def _outline(head: Head, index: int, look: Look) -> dict[str, object]:
    on = _on(index)
    return {
        "type": "rect",
        "xref": on["xaxis"],
        "yref": on["yaxis"],
        "x0": head.head - 0.5,
        "x1": head.head + 0.5,
        "y0": head.layer - 0.5,
        "y1": head.layer + 0.5,
        "line": {"color": look.ink, "width": 1.5},
        "name": f"selected {head.label}",
    }


def _on(index: int) -> dict[str, str]:
    number = "" if index == 0 else str(index + 1)
    return {"xaxis": f"x{number}", "yaxis": f"y{number}"}


def _ticks(n: int) -> Sequence[int]:
    step = 1 if n <= 6 else 2 if n <= 12 else 4 if n <= 26 else 8
    return list(range(0, n, step))
