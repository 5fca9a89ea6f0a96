"""A dose curve: one number of the answer against how much of a head is written."""

from collections.abc import Sequence

import plotly.graph_objects as go

from components.figures.base.look import Look, blank, quiet_axis
from components.figures.base.sketch import Sketch
from core.text.numbers import signed

CLEAN = 1.0
"""The factor at which nothing is changed."""


def dose_curve(
    factors: Sequence[float],
    values: Sequence[float],
    title: str,
    unit: str,
    look: Look,
    digits: int = 2,
    *,
    signs: bool = True,
    ablated: float | None = None,
) -> go.Figure:
    """A line through all doses, the clean run marked; `title` stands along the vertical axis.

    `signs` False is for what is no change, such as a probability: its axis begins at 0. `ablated`
    is the value that the sweep's own ablation gave, drawn as a dotted line.
    """
    sketch = blank(look, look.size(260))
    sketch.add_trace(
        go.Scatter(
            x=list(factors),
            y=list(values),
            mode="lines+markers",
            line={"color": look.accent, "width": 2},
            marker={"size": 8, "color": look.accent},
            text=[
                f"{signed(value, digits) if signs else format(value, f'.{digits}f')} {unit}"
                for value in values
            ],
            cliponaxis=False,
            hovertemplate="%{x:g} times: %{text}<extra></extra>",
        )
    )
    sketch.add_shape(
        type="line",
        x0=CLEAN,
        x1=CLEAN,
        yref="paper",
        y0=0,
        y1=1,
        line={"color": look.quiet, "width": 1, "dash": "dash"},
        name="clean",
    )
    sketch.add_annotation(
        x=CLEAN,
        yref="paper",
        y=1,
        yanchor="bottom",
        text="the clean run",
        showarrow=False,
        font={"size": look.size(11), "color": look.quiet},
    )
    if ablated is not None:
        _sweeps_own(sketch, ablated, look)
    sketch.update_xaxes(
        quiet_axis(
            look,
            title={"text": "times what it writes", "standoff": 8},
            tickmode="array",
            tickvals=list(factors),
        )
    )
    sketch.update_yaxes(
        quiet_axis(
            look,
            title={"text": f"{title}, {unit}", "standoff": 8},
            showgrid=True,
            gridcolor=look.line,
            zeroline=True,
            zerolinecolor=look.quiet,
            rangemode="normal" if signs else "tozero",
        )
    )
    # Room for what the clean run's line is called, above the axes.
    sketch.update_layout(margin={"l": 8, "r": 16, "t": look.size(24), "b": 8})
    return sketch.figure()


def _sweeps_own(sketch: Sketch, at: float, look: Look) -> None:
    """What the sweep's own ablation of the head gave, across all doses."""
    sketch.add_shape(
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=at,
        y1=at,
        line={"color": look.quiet, "width": 1.5, "dash": "dot"},
        name="ablated",
    )
    sketch.add_annotation(
        xref="paper",
        x=1,
        y=at,
        xanchor="right",
        yanchor="bottom",
        text="this sweep’s ablation",
        showarrow=False,
        bgcolor=look.paper,
        font={"size": look.size(11), "color": look.quiet},
    )
