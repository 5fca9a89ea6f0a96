"""A head's effect by route: what it did directly, and what went through later components."""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from components.figures.bars import Bar, bars
from components.figures.base.look import Look, blank, quiet_axis
from core.circuits.mechanism_words import metric_words
from core.text.numbers import signed

if TYPE_CHECKING:
    from core.circuits.direct_effect import DirectEffect


MLPS = 8
"""So many at most are drawn: of a deep model most do next to nothing."""


def direct_effect_waterfall(effect: "DirectEffect", look: Look) -> go.Figure:
    """From 0 to the total, part by part, in nats; red takes away, blue adds."""
    parts = effect.parts
    steps = [
        ("direct, norms held", effect.direct_frozen_norm),
        ("the final norm’s scale", parts["final_norm"]),
        ("through later heads", parts["later_heads"]),
        ("through later MLPs", parts["later_mlps"]),
        ("not linear", parts["left"]),
    ]
    names = [*(name for name, _ in steps), "total"]
    bases, widths, at = [], [], 0.0
    for _, change in steps:
        bases.append(at)
        widths.append(change)
        at += change
    bases.append(0.0)
    widths.append(effect.total)
    outlined = [0] * len(steps) + [2]  # the total
    sketch = blank(look, 34 * len(names) + 66)
    colours = [look.takes if width < 0 else look.adds for width in widths]
    sketch.add_trace(
        go.Bar(
            y=names,
            x=widths,
            base=bases,
            orientation="h",
            width=0.6,
            marker={"color": colours, "line": {"width": outlined, "color": look.ink}},
            text=[f"{signed(width, 2)} nats" for width in widths],
            textposition="none",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    ends = [0.0, *(base + width for base, width in zip(bases, widths, strict=True))]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0
    for name, base, width in zip(names, bases, widths, strict=True):
        sketch.add_annotation(
            x=max(base, base + width),
            y=name,
            text=f"<b>{signed(width, 2)}</b>" if name == "total" else signed(width, 2),
            showarrow=False,
            xanchor="left",
            xshift=6,
            bgcolor=look.paper,
            borderpad=1,
            font={"size": look.size(12), "color": look.ink},
        )
    sketch.update_xaxes(
        quiet_axis(
            look,
            title={"text": f"change in {metric_words(effect.metric)}, nats", "standoff": 8},
            zeroline=True,
            zerolinecolor=look.quiet,
            nticks=6,
            range=[low - 0.04 * span, high + 0.22 * span],
        )
    )
    sketch.update_yaxes(quiet_axis(look, autorange="reversed"))
    sketch.update_yaxes(tickfont={"size": look.size(12), "color": look.ink})
    return sketch.figure()


def mlp_bars(values: np.ndarray, look: Look) -> go.Figure:
    """How far later MLPs' own contributions changed, in nats: the `MLPS` that changed most.

    In the order of layers; earlier ones are left out.
    """
    largest = np.argsort(-np.nan_to_num(np.abs(values)), kind="stable")[:MLPS]
    rows = [
        Bar(f"MLP {layer}", float(values[layer]))
        for layer in sorted(largest)
        if np.isfinite(values[layer])
    ]
    return bars(rows, "change of its direct contribution, nats", look)
