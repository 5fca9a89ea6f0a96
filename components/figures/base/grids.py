"""Small layer x head heatmaps side by side on one colour scale; a click gives a head."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import (
    bar_beneath,
    numbers,
    outline,
    rows_of,
    scale_of,
    shares_of,
    targets,
    thinned,
)
from components.figures.base.look import Look, blank, quiet_axis
from core.spec.heads import Head
from core.text.numbers import signed as with_sign

NUMBERED = 48
"""Up to this many cells the strongest carry their number."""
MARKED = 6
GAP = 0.06
"""Between panels, as a share of the width."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One heatmap: `values` (layer, head), NaN where there is nothing."""

    title: str
    values: np.ndarray


def grids(
    panels: Sequence[Panel],
    unit: str,
    look: Look,
    *,
    selected: Collection[Head] = (),
    signed: bool = True,
    least: float = 0.0,
    limit: float | None = None,
    digits: int | None = None,
) -> go.Figure:
    """Layers down, heads across, one panel a set of values.

    The scale ends at `limit`, None for the largest value, or `least` where all are smaller.
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
    figure = blank(look, n_layers * cell + above + below)
    width = (1 - GAP * (len(panels) - 1)) / len(panels)
    for index, panel in enumerate(panels):
        start = index * (width + GAP)
        _draw(figure, panel, index, (start, start + width), (end, signed, digits, unit), look)
        axis = _axis(index)
        for head in selected:
            frame = outline(head.head, head.layer, look, f"selected {head.label}")
            figure.add_shape(**frame, xref=f"x{axis}", yref=f"y{axis}")
        if panel.title:
            figure.add_annotation(
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
    figure.update_layout(
        margin={"l": 8, "r": 6, "t": above, "b": below},
        hovermode="closest",
        hoverdistance=-1,
        coloraxis={
            "colorscale": look.diverging if signed else look.sequential,
            "cmin": -end if signed else 0,
            "cmax": end,
            "colorbar": bar_beneath(unit, look, 0.8 if len(panels) == 1 else 0.5),
        },
    )
    return figure


def _axis(index: int) -> str:
    return "" if index == 0 else str(index + 1)


def _draw(
    figure: go.Figure,
    panel: Panel,
    index: int,
    domain: tuple[float, float],
    shown: tuple[float, bool, int, str],
    look: Look,
) -> None:
    end, signed, digits, unit = shown
    values, axis = panel.values, _axis(index)
    n_layers, n_heads = values.shape
    own = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}

    def said(value: float) -> str:
        return with_sign(value, digits) if signed else f"{value:.{digits}f}"

    figure.add_trace(_hairlines(values, look, own))
    figure.add_trace(
        go.Heatmap(
            z=rows_of(values),
            x=list(range(n_heads)),
            y=list(range(n_layers)),
            coloraxis="coloraxis",
            xgap=1,
            ygap=1,
            hoverinfo="skip",
            **own,
        )
    )
    scale = look.diverging if signed else look.sequential
    at = shares_of(values, end, signed=signed)
    figure.add_trace(numbers(_numbers(values, end, digits, said), at, scale, look.size(10), **own))
    cells = [
        Head(layer, head)
        for layer, head in np.ndindex(*values.shape)
        if np.isfinite(values[layer, head])
    ]
    name = f"{panel.title}: " if panel.title else ""
    figure.add_trace(
        targets(
            [head.head for head in cells],
            [head.layer for head in cells],
            [[head.layer, head.head] for head in cells],
            [f"{name}<b>{head.label}</b> {said(float(values[head]))} {unit}" for head in cells],
            **own,
        )
    )
    figure.update_layout(
        {
            f"xaxis{axis}": quiet_axis(
                look,
                title={"text": "head", "standoff": 4},
                side="top",
                tickmode="array",
                tickvals=thinned(n_heads, 13),
                range=[-0.5, n_heads - 0.5],
                domain=list(domain),
                anchor=f"y{axis}",
                automargin=False,
            ),
            f"yaxis{axis}": quiet_axis(
                look,
                title={"text": "layer" if index == 0 else "", "standoff": 8},
                tickmode="array",
                tickvals=thinned(n_layers, 13),
                showticklabels=index == 0,
                range=[n_layers - 0.5, -0.5],
                anchor=f"x{axis}",
            ),
        }
    )


def _hairlines(values: np.ndarray, look: Look, own: dict[str, str]) -> go.Heatmap:
    """What shows between the cells, so that a 0 is seen; nothing where there is no value."""
    n_layers, n_heads = values.shape
    return go.Heatmap(
        z=[[0 if np.isfinite(v) else None for v in row] for row in values],
        x=list(range(n_heads)),
        y=list(range(n_layers)),
        colorscale=[(0, look.line), (1, look.line)],
        showscale=False,
        hoverinfo="skip",
        **own,
    )


def _numbers(values: np.ndarray, end: float, digits: int, said: object) -> list[list[str]]:
    """The strongest cells' numbers where cells are large; a number everywhere would be noise."""
    assert callable(said)
    size = np.nan_to_num(np.abs(values))
    order = np.argsort(-size, axis=None, kind="stable")[:MARKED]
    least = max(0.1 * end, 0.5 * 10.0**-digits)
    strong = {int(i) for i in order if size.flat[i] >= least} if size.size <= NUMBERED else set()
    texts = [said(float(v)) if i in strong else "" for i, v in enumerate(values.flat)]
    n_heads = values.shape[1]
    return [texts[i : i + n_heads] for i in range(0, len(texts), n_heads)]
