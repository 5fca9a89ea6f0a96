"""The layer x head heatmap of a sweep for prints and the report, a click target over every cell.

Beside the cells, on the same rows, each whole layer's effect gives the scale. The page has a grid
of its own: `head_grid`.
"""

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import (
    ALL_NUMBERED,
    bar_beneath,
    coloured,
    head_targets,
    numbers,
    shares_of,
)
from components.figures.base.head_axes import head_axes
from components.figures.base.look import Look, blank
from components.figures.cell_contents import cell_words, color_limit
from components.figures.layer_effects import CELLS, draw_layer_effects
from components.words.escaping import as_lines
from core.results.layer_effects import LayerEffects
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.spec.heads import all_heads

MARKED = 8
"""How many of the strongest cells carry their number."""
TICKS = 26
ABOVE, BELOW = 46.0, 50.0
"""Pixels for the axes above the cells and the colour bar beneath: fixed, so that no cell moves
under the pointer when the layer effects arrive."""


def head_heatmap(
    result: SweepResult,
    metric: Metric,
    look: Look,
    *,
    layer_effects: LayerEffects | None = None,
    beside: str = "",
) -> go.Figure:
    """Layers down, heads across; diverging and centred on 0, so colour reads as sign.

    A metric without a sign (KL) has a sequential scale from 0. Unfinished heads are blank. `beside`
    says why, where there are no layer effects.
    """
    n_layers = result.shape[0]
    cell = _cell_height(n_layers)
    above, below = look.size(ABOVE), look.size(BELOW)
    sketch = blank(look, n_layers * cell + above + below)
    for trace in _cells(metric.values(result), metric, look):
        sketch.add_trace(trace)
    sketch.add_trace(_click_targets(result, metric, layer_effects))
    sketch.update_layout(
        head_axes(result.shape, look, most=TICKS, across=CELLS),
        margin={"l": 8, "r": 6, "t": above, "b": below},
        hovermode="closest",
        hoverdistance=-1,
        # Between the cells, and where a head is not finished: hairlines, so that a 0 is seen.
        plot_bgcolor=look.line,
    )
    draw_layer_effects(sketch, result, layer_effects, metric, look, beside)
    return sketch.figure()


def _cells(values: np.ndarray, metric: Metric, look: Look) -> tuple[go.Heatmap, go.Scatter]:
    """The colours, and the numbers on them."""
    limit = color_limit(values, metric)
    scale = look.diverging if metric.signed else look.sequential
    at = shares_of(values, limit, signed=metric.signed)
    cells = coloured(
        values,
        zmin=-limit if metric.signed else 0,
        zmax=limit,
        colorscale=scale,
        colorbar=bar_beneath(metric.unit, look, CELLS[1]),
    )
    return cells, numbers(_marks(values, metric), at, scale, look.size(_type_size(*values.shape)))


def _marks(values: np.ndarray, metric: Metric) -> list[list[str]]:
    """Numbers for all of few cells, the strongest of more: a print may be small."""
    size = np.nan_to_num(np.abs(values))
    marked = np.argsort(-size, axis=None, kind="stable")[:MARKED]
    strong = {int(i) for i in marked if size.flat[i] >= metric.notable}
    if size.size <= ALL_NUMBERED:
        strong = {int(i) for i in np.flatnonzero(np.isfinite(values))}
    texts = [
        metric.text(float(value), metric.digits - 1) if index in strong else ""
        for index, value in enumerate(values.flat)
    ]
    n_heads = values.shape[1]
    return [texts[start : start + n_heads] for start in range(0, len(texts), n_heads)]


def _click_targets(
    result: SweepResult, metric: Metric, layer_effects: LayerEffects | None
) -> go.Scatter:
    """A click target a cell, with what its hover text says."""
    told = [
        (head, said)
        for head in all_heads(*result.shape)
        if (said := as_lines(cell_words(result, head, None, metric, layer_effects)))
    ]
    return head_targets([head for head, _ in told], [said for _, said in told])


def _type_size(n_layers: int, n_heads: int) -> float:
    """Points for the numbers in the cells, which are narrow on a narrow page."""
    if max(n_layers, n_heads) > 16:
        return 9
    return 12 if n_heads <= 8 else 10


def _cell_height(n_layers: int) -> float:
    return float(np.clip(430 / n_layers, 16, 64))
