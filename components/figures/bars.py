"""Horizontal bars, each with its number: a few named values on one axis.

As everywhere, red takes away and blue adds; which bar is meant is said by bold type.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from components.figures.base.look import Look, blank, quiet_axis
from core.text.numbers import signed

PALE = 0.55
"""The opacity of bars beside one that is emphasised."""


@dataclass(frozen=True)
class Bar:
    """A value and its label, which is shown as it is: typed text comes escaped.

    One that is `emphasised` is in bold, and the others beside it are pale.
    """

    label: str
    value: float
    emphasised: bool = False


def bars(
    rows: Sequence[Bar],
    title: str,
    look: Look,
    *,
    digits: int = 2,
    unit: str = "",
) -> go.Figure:
    """A bar a row, in its order; `title` is the axis' and says the unit."""
    sketch = blank(look, 34 * len(rows) + 86)
    after = f" {unit}" if unit else ""
    some = any(row.emphasised for row in rows)
    sketch.add_trace(
        go.Bar(
            y=list(range(len(rows))),
            x=[row.value for row in rows],
            orientation="h",
            marker={
                "color": [look.takes if row.value < 0 else look.adds for row in rows],
                "opacity": [1.0 if row.emphasised or not some else PALE for row in rows],
            },
            text=[signed(row.value, digits) + after for row in rows],
            customdata=[row.label for row in rows],
            textposition="outside",
            textfont={"size": look.size(11), "color": look.ink},
            cliponaxis=False,
            width=0.6,
            hovertemplate="%{customdata}: %{text}<extra></extra>",
        )
    )
    sketch.update_xaxes(
        quiet_axis(
            look,
            title={"text": title, "standoff": 8},
            zeroline=True,
            zerolinecolor=look.quiet,
            nticks=6,
            range=_room([row.value for row in rows]),
        )
    )
    sketch.update_yaxes(
        quiet_axis(
            look,
            tickmode="array",
            tickvals=list(range(len(rows))),
            ticktext=[f"<b>{row.label}</b>" if row.emphasised else row.label for row in rows],
            range=[len(rows) - 0.4, -0.6],
        )
    )
    sketch.update_yaxes(tickfont={"size": look.size(12), "color": look.ink})
    return sketch.figure()


def _room(values: Sequence[float]) -> list[float]:
    """The axis' range, with room for the numbers at the bars' ends."""
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    span = (high - low) or 1.0
    return [
        low - (0.3 * span if low < 0 else 0.02 * span),
        high + (0.3 * span if high > 0 else 0.02 * span),
    ]
