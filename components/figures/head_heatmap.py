"""The layer x head heatmap of a sweep, with a click target over every cell.

Beside the cells, on the same rows, each whole layer's effect gives the scale. Cells that are only
estimated so far carry a mark that needs no colour to be seen.
"""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import (
    ALL_NUMBERED,
    SELECTED,
    bar_beneath,
    coloured,
    head_targets,
    numbers,
    outline,
    shares_of,
)
from components.figures.base.head_axes import head_axes
from components.figures.base.look import Look, Scale, blank, ink_on
from components.figures.cell_contents import ESTIMATED, cell_words, color_limit, shown_values
from components.figures.layer_effects import CELLS, draw_layer_effects
from components.words.escaping import as_lines
from core.results.layer_effects import LayerEffects
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.spec.heads import Head, all_heads
from core.sweep.estimate.attribution import Estimate

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
    selected: Head | None = None,
    *,
    estimate: Estimate | None = None,
    layer_effects: LayerEffects | None = None,
    beside: str = "",
    letters: Mapping[Head, str] | None = None,
) -> go.Figure:
    """Layers down, heads across; diverging and centred on 0, so colour reads as sign.

    A metric without a sign (KL) has a sequential scale from 0. Unfinished heads show the estimate,
    marked, or are blank where there is none. `beside` says why, where there are no layer effects
    yet. `letters` are those of published roles, drawn into the cells' corners.
    """
    n_layers = result.shape[0]
    guesses = metric.estimated(estimate)
    cell = _cell_height(n_layers)
    above, below = look.size(ABOVE), look.size(BELOW)
    sketch = blank(look, n_layers * cell + above + below)
    measured, shown = metric.values(result), shown_values(result, metric, guesses)
    for trace in _cells(shown, measured, metric, look):
        sketch.add_trace(trace)
    sketch.add_trace(_click_targets(result, guesses, metric, layer_effects))
    if letters:
        sketch.add_trace(_letters(letters, shown, metric, look))
    if selected is not None:
        sketch.add_shape(outline(selected.head, selected.layer, look, f"selected {selected.label}"))
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


def _cells(
    shown: np.ndarray, measured: np.ndarray, metric: Metric, look: Look
) -> tuple[go.Heatmap, go.Scatter]:
    """The colours, and the marks on them."""
    limit = color_limit(shown, metric)
    scale, at = _coloured(shown, metric, look)
    cells = coloured(
        shown,
        zmin=-limit if metric.signed else 0,
        zmax=limit,
        colorscale=scale,
        colorbar=bar_beneath(metric.unit, look, CELLS[1]),
    )
    marks = _marks(shown, np.isfinite(shown) & ~np.isfinite(measured), metric)
    return cells, numbers(marks, at, scale, look.size(_type_size(*shown.shape)))


def _coloured(shown: np.ndarray, metric: Metric, look: Look) -> tuple[Scale, np.ndarray]:
    """The colour scale, and where on it each cell is."""
    at = shares_of(shown, color_limit(shown, metric), signed=metric.signed)
    return look.diverging if metric.signed else look.sequential, at


def _marks(values: np.ndarray, estimated: np.ndarray, metric: Metric) -> list[list[str]]:
    """Numbers for all of few cells, the strongest of more; one in each would be read as noise.

    Numbers are measured: an estimated cell has its mark, and the number in its hover text.
    """
    size = np.nan_to_num(np.abs(values))
    marked = np.argsort(-size, axis=None, kind="stable")[:MARKED]
    strong = {int(i) for i in marked if size.flat[i] >= metric.notable}
    if size.size <= ALL_NUMBERED:
        strong = {int(i) for i in np.flatnonzero(np.isfinite(values))}
    texts = []
    for index, (value, guessed) in enumerate(zip(values.flat, estimated.flat, strict=True)):
        number = metric.text(float(value), metric.digits - 1) if index in strong else ""
        texts.append(ESTIMATED if guessed else number)
    n_heads = values.shape[1]
    return [texts[start : start + n_heads] for start in range(0, len(texts), n_heads)]


def _click_targets(
    result: SweepResult,
    guesses: np.ndarray | None,
    metric: Metric,
    layer_effects: LayerEffects | None,
) -> go.Scatter:
    """A click target a cell, with what its hover text says."""
    told = [
        (head, said)
        for head in all_heads(*result.shape)
        if (said := as_lines(cell_words(result, head, guesses, metric, layer_effects)))
    ]
    return head_targets([head for head, _ in told], [said for _, said in told])


def _letters(
    letters: Mapping[Head, str], shown: np.ndarray, metric: Metric, look: Look
) -> go.Scatter:
    """In the cells' upper left corners, where no number stands."""
    scale, at = _coloured(shown, metric, look)
    return go.Scatter(
        x=[head.head - 0.44 for head in letters],
        y=[head.layer - 0.42 for head in letters],
        mode="text",
        text=[f"<b>{said}</b>" for said in letters.values()],
        textposition="bottom right",
        textfont={
            "size": look.size(9),
            "color": [ink_on(scale, float(at[head])) for head in letters],
        },
        selected={"textfont": SELECTED},
        hoverinfo="skip",
        name="published roles",
    )


def _type_size(n_layers: int, n_heads: int) -> float:
    """Points for the numbers in the cells, which are narrow on a narrow page."""
    if max(n_layers, n_heads) > 16:
        return 9
    return 12 if n_heads <= 8 else 10


def _cell_height(n_layers: int) -> float:
    return float(np.clip(430 / n_layers, 16, 64))
