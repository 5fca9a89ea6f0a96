"""What figures made of cells share: click targets, outlines, plain values, a colour bar."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from components.figures.base.look import Look, Scale, ink_on
from core.spec.heads import Head

NUMBERS = "numbers"
"""The name of the trace that `numbers` makes; `assets/js/fitting.js` hides it in narrow cells."""
ALL_NUMBERED = 16
"""Up to this many cells each carries its number; of more the strongest do."""
SELECTED = {"color": "#000000"}
"""For texts that no click selects: with it a click on a cell leaves them as they are; without,
Plotly fades them."""


def rows_of(values: np.ndarray) -> list[list[float | None]]:
    """A figure's z: plain lists, None where there is no number."""
    return [[float(v) if np.isfinite(v) else None for v in row] for row in values]


def coloured(values: np.ndarray, **options: object) -> go.Heatmap:
    """A cell a value, row after row from 0, with a gap between cells; blank where it is NaN.

    `options` say the colours.
    """
    n_rows, n_columns = values.shape
    shown = {"x": list(range(n_columns)), "y": list(range(n_rows)), "xgap": 1, "ygap": 1}
    return go.Heatmap(z=rows_of(values), **{**shown, "hoverinfo": "skip", **options})


def head_targets(heads: Sequence[Head], text: Sequence[str], **options: object) -> go.Scatter:
    """`targets` over the cells of heads, layers down and heads across; a click gives the head."""
    return targets(
        [head.head for head in heads],
        [head.layer for head in heads],
        [[*head] for head in heads],
        text,
        **options,
    )


def targets(
    x: Sequence[float],
    y: Sequence[float],
    customdata: Sequence[Sequence[int]],
    text: Sequence[str],
    **options: object,
) -> go.Scatter:
    """Invisible points at cells' centres: a heatmap reports no clicks (streamlit issue 8760).

    They are small and their figure's hoverdistance is unlimited, so that Plotly gives a click to
    the nearest centre: every point of a cell belongs to that cell at any width of the page.
    Points that fill the cells overlap, and Plotly then picks any of those beneath the pointer.
    """
    return go.Scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        marker={"symbol": "square", "size": 4, "opacity": 0},
        unselected={"marker": {"opacity": 0}},
        selected={"marker": {"opacity": 0}},
        customdata=[list(each) for each in customdata],
        text=list(text),
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        cliponaxis=True,
        **options,
    )


def numbers(
    texts: Sequence[Sequence[str]],
    shares: np.ndarray,
    scale: Scale,
    size: float,
    **options: object,
) -> go.Scatter:
    """Texts on cells, each in the ink that reads on its cell's colour; "" leaves a cell without.

    `shares` (row, column) says where on the colour scale each cell is, from 0 to 1. A heatmap's
    own text knows two greys only, which fade on middling colours.
    """
    cells = [(row, column) for row, column in np.ndindex(*shares.shape) if texts[row][column]]
    return go.Scatter(
        x=[column for _, column in cells],
        y=[row for row, _ in cells],
        mode="text",
        text=[texts[row][column] for row, column in cells],
        textfont={"size": size, "color": [ink_on(scale, float(shares[cell])) for cell in cells]},
        selected={"textfont": SELECTED},
        hoverinfo="skip",
        showlegend=False,
        name=NUMBERS,
        **options,
    )


def shares_of(values: np.ndarray, end: float, *, signed: bool = True) -> np.ndarray:
    """Where values are on a scale from -end (0 without a sign) to end; 0 where there is none."""
    found: np.ndarray = np.nan_to_num(values / end)
    return (found + 1) / 2 if signed else found


def outline(
    x: float, y: float, look: Look, name: str, inset: float = 0.03, **options: object
) -> dict[str, object]:
    """A frame around the cell at (x, y), within it by a share of its size."""
    half = 0.5 - inset
    return {
        "type": "rect",
        "x0": x - half,
        "x1": x + half,
        "y0": y - half,
        "y1": y + half,
        "line": {"color": look.ink, "width": 2.5},
        "name": name,
        **options,
    }


def scale_of(values: np.ndarray, least: float = 0.0) -> float:
    """The largest absolute number, but never noise: `least` at the least.

    1 where there is neither, so that a scale has two ends.
    """
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=least)) or 1.0


def bar_beneath(
    unit: str, look: Look, length: float, *, title_side: str = "right"
) -> dict[str, object]:
    """A colour bar along the figure's lower edge, from its left.

    `length` is a share of the plot's width. A title beside the bar ("right") takes from that; where
    long names of rows leave a narrow page's plot no room for both, it stands beneath ("bottom").
    """
    return {
        "orientation": "h",
        "title": {
            "text": unit,
            "side": title_side,
            "font": {"color": look.quiet, "size": look.size(12)},
        },
        "thickness": 10,
        "outlinewidth": 0,
        "nticks": 5,
        "tickfont": {"color": look.quiet, "size": look.size(11)},
        "x": 0,
        "xanchor": "left",
        "xpad": 0,
        "len": length,
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "ypad": 4,
    }
