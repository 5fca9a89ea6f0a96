"""The same sweep under every kind of ablation: small multiples on one colour scale."""

import textwrap
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import bar_beneath, coloured, outline
from components.figures.base.head_axes import head_axes, on_panel, panel_number, shape_on_panel
from components.figures.base.look import Look, blank
from components.figures.base.sketch import Sketch
from components.figures.cell_contents import color_limit
from components.words.escaping import as_label
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.spec.ablation import AblationKind
from core.spec.heads import Head

COLUMNS = 2
TICKS = 6
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
    sketch = blank(look, n_rows * (panel + look.size(_TITLE + _ABOVE)) + look.size(_BELOW))
    height = n_rows * (panel + look.size(_TITLE + _ABOVE))
    for index, kind in enumerate(kinds):
        row, column = divmod(index, COLUMNS)
        width = (1 - _BETWEEN * (COLUMNS - 1)) / COLUMNS
        left = column * (width + _BETWEEN)
        top = 1 - (row * (panel + look.size(_TITLE + _ABOVE)) + look.size(_TITLE + _ABOVE)) / height
        across, down = (left, left + width), (max(0.0, top - panel / height), top)
        sketch.update_layout(
            head_axes(
                shape,
                look,
                most=TICKS,
                panel=index,
                across=across,
                down=down,
                heads_named=row == 0,
                layers_named=column == 0,
                titled=False,  # the kinds' names stand there
                showline=True,
                mirror=True,
                linecolor=look.line,
            )
        )
        _title(sketch, index, kind, panel, look)
        if kind in results:
            sketch.add_trace(_cells(values[kind], kind, index, metric))
            if selected is not None:
                name = f"selected {selected.label}"
                frame = outline(selected.head, selected.layer, look, name, inset=0)
                sketch.add_shape({**frame, **shape_on_panel(index)}, line_width=1.5)
        else:
            _word(sketch, index, absent[kind], look)
    limit = max((color_limit(v, metric) for v in values.values()), default=metric.notable)
    sketch.update_layout(
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
    return sketch.figure()


def _cells(values: np.ndarray, kind: AblationKind, index: int, metric: Metric) -> go.Heatmap:
    return coloured(
        values,
        coloraxis="coloraxis",
        hoverinfo=None,
        text=[
            [
                f"<b>{Head(layer, head).label}</b> {kind.label}<br>"
                + ("no value" if np.isnan(value) else metric.quantity(float(value)))
                for head, value in enumerate(row)
            ]
            for layer, row in enumerate(values)
        ],
        hovertemplate="%{text}<extra></extra>",
        **on_panel(index),
    )


def _title(sketch: Sketch, index: int, kind: AblationKind, panel: float, look: Look) -> None:
    number = panel_number(index)
    sketch.add_annotation(
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


def _word(sketch: Sketch, index: int, text: str, look: Look) -> None:
    number = panel_number(index)
    # An axis pair needs a trace.
    sketch.add_trace(go.Scatter(x=[None], y=[None], **on_panel(index)))
    sketch.add_annotation(
        text="<br>".join(as_label(line) for line in textwrap.wrap(text, _WRAP)),
        x=0.5,
        xref=f"x{number} domain",
        y=0.5,
        yref=f"y{number} domain",
        showarrow=False,
        font={"size": look.size(11), "color": look.quiet},
    )
