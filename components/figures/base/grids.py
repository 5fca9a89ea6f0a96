"""Small layer x head heatmaps side by side on one colour scale; a click gives a head."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import (
    ALL_NUMBERED,
    bar_beneath,
    coloured,
    head_targets,
    numbers,
    outline,
    scale_of,
    shares_of,
)
from components.figures.base.head_axes import head_axes, on_panel, shape_on_panel
from components.figures.base.look import Look, Scale, blank, mirrored
from components.figures.base.sketch import Sketch
from core.spec.heads import Head
from core.text.numbers import decimal
from core.text.numbers import signed as with_sign

NUMBERED = 48
"""Up to this many cells the strongest carry their number."""
MARKED = 6
TICKS = 13
GAP = 0.06
"""Between panels, as a share of the width."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One heatmap: `values` (layer, head), NaN where there is nothing."""

    title: str
    values: np.ndarray


@dataclass(frozen=True)
class Shown:
    """What the panels share: the scale's two ends, and how a value is written."""

    end: float
    begin: float
    signed: bool
    scale: Scale
    digits: int
    unit: str


def grids(
    panels: Sequence[Panel],
    unit: str,
    look: Look,
    *,
    selected: Collection[Head] = (),
    signed: bool = True,
    least: float = 0.0,
    limit: float | None = None,
    begin: float = 0.0,
    digits: int | None = None,
    positive_takes: bool = False,
) -> go.Figure:
    """Layers down, heads across, one panel a set of values.

    The scale ends at `limit`, None for the largest value, or `least` where all are smaller. Without
    a sign it begins at `begin`, which is as pale as what is below it. `positive_takes`: what is
    positive is a loss of the answer, and red.
    `digits` None: as many as the smallest number that is written out needs, up to 4. What would
    read as 0 is not written out.
    """
    n_layers = len(panels[0].values)
    end = scale_of(np.stack([panel.values for panel in panels]), least) if limit is None else limit
    if digits is None:
        digits = int(np.clip(1 - np.floor(np.log10(end)), 2, 4))
    cell = float(np.clip(230 / n_layers, 9, 40))
    titled = any(panel.title for panel in panels)
    above, below = look.size(62 if titled else 42), look.size(46)
    sketch = blank(look, n_layers * cell + above + below)
    scale = look.diverging if signed else look.sequential
    scale = mirrored(scale) if positive_takes else scale
    width = (1 - GAP * (len(panels) - 1)) / len(panels)
    for index, panel in enumerate(panels):
        start = index * (width + GAP)
        shown = Shown(end, 0.0 if signed else min(begin, 0.9 * end), signed, scale, digits, unit)
        _draw(sketch, panel, index, (start, start + width), shown, look)
        for head in selected:
            frame = outline(head.head, head.layer, look, f"selected {head.label}")
            sketch.add_shape(**frame, **shape_on_panel(index))
        if panel.title:
            sketch.add_annotation(
                text=panel.title,
                x=start,
                y=1,
                xref="paper",
                yref="paper",
                xanchor="left",
                yanchor="bottom",
                yshift=look.size(36),
                showarrow=False,
                font={"size": look.size(12), "color": look.ink},
            )
    sketch.update_layout(
        margin={"l": 8, "r": 6, "t": above, "b": below},
        hovermode="closest",
        hoverdistance=-1,
        coloraxis={
            "colorscale": scale,
            "cmin": -end if signed else min(begin, 0.9 * end),
            "cmax": end,
            "colorbar": bar_beneath(unit, look, 0.8 if len(panels) == 1 else 0.5),
        },
    )
    return sketch.figure()


def _draw(
    sketch: Sketch,
    panel: Panel,
    index: int,
    domain: tuple[float, float],
    shown: Shown,
    look: Look,
) -> None:
    end, signed, digits, unit = shown.end, shown.signed, shown.digits, shown.unit
    values, own = panel.values, on_panel(index)

    def said(value: float) -> str:
        return with_sign(value, digits) if signed else decimal(value, digits)

    sketch.add_trace(_hairlines(values, look, own))
    sketch.add_trace(coloured(values, coloraxis="coloraxis", **own))
    at = shares_of(values - shown.begin, end - shown.begin, signed=signed)
    sketch.add_trace(
        numbers(_numbers(values, end, digits, said), at, shown.scale, look.size(10), **own)
    )
    cells = [
        Head(layer, head)
        for layer, head in np.ndindex(*values.shape)
        if np.isfinite(values[layer, head])
    ]
    name = f"{panel.title}: " if panel.title else ""
    sketch.add_trace(
        head_targets(
            cells,
            [f"{name}<b>{head.label}</b> {said(float(values[head]))} {unit}" for head in cells],
            **own,
        )
    )
    sketch.update_layout(
        head_axes(
            (values.shape[0], values.shape[1]),
            look,
            most=TICKS,
            panel=index,
            across=domain,
            layers_named=index == 0,
        )
    )


def _hairlines(values: np.ndarray, look: Look, own: dict[str, str]) -> go.Heatmap:
    """What shows between the cells, so that a 0 is seen; nothing where there is no value."""
    colours = [(0, look.line), (1, look.line)]
    return coloured(0 * values, colorscale=colours, showscale=False, xgap=0, ygap=0, **own)


def _numbers(values: np.ndarray, end: float, digits: int, said: object) -> list[list[str]]:
    """All numbers of few cells, the strongest of more; many with a number each would be noise."""
    assert callable(said)
    size = np.nan_to_num(np.abs(values))
    order = np.argsort(-size, axis=None, kind="stable")[:MARKED]
    least = max(0.1 * end, 0.5 * 10.0**-digits)
    strong = {int(i) for i in order if size.flat[i] >= least} if size.size <= NUMBERED else set()
    if size.size <= ALL_NUMBERED:
        strong = {int(i) for i in np.flatnonzero(size >= 0.5 * 10.0**-digits)}
    texts = [said(float(v)) if i in strong else "" for i, v in enumerate(values.flat)]
    n_heads = values.shape[1]
    return [texts[i : i + n_heads] for i in range(0, len(texts), n_heads)]
