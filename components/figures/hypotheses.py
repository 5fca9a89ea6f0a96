"""A set of heads in pictures: beside other sets, and pair by pair."""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import numbers, outline, rows_of, scale_of, shares_of
from components.figures.base.head_axes import named_heads
from components.figures.base.look import Look, blank, quiet_axis
from core.hypotheses.joint_words import metric_name, pair_words
from core.hypotheses.relation import Relation
from core.results.leading import NOTABLE_NATS
from core.text.numbers import signed

if TYPE_CHECKING:
    from core.hypotheses.interactions import Interactions
    from core.hypotheses.joint import JointTest


def other_sets_strip(test: "JointTest", look: Look) -> go.Figure:
    """The joint change of every set compared, a dot each, and the chosen set as a line."""
    values = [other.change for other in test.others]
    # A dot's height means nothing: it keeps equal values apart, the same on every drawing.
    heights = [((7 * index) % 11 - 5) / 11 for index in range(len(values))]
    sketch = blank(look, look.size(190))
    sketch.add_trace(
        go.Scatter(
            x=values,
            y=heights,
            mode="markers",
            marker={"size": 8, "color": look.quiet, "opacity": 0.6},
            text=[
                f"{', '.join(member.label for member in other.heads[:8])}"
                f"{' …' if len(other.heads) > 8 else ''}: {signed(other.change, 2)} nats"
                for other in test.others
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    sketch.add_shape(
        type="line",
        x0=test.change,
        x1=test.change,
        y0=-0.75,
        y1=0.75,
        line={"color": look.accent, "width": 3},
        name="chosen",
    )
    sketch.add_annotation(
        x=test.change,
        y=0.75,
        yanchor="bottom",
        text=f"<b>the chosen set: {signed(test.change, 2)}</b>",
        showarrow=False,
        xanchor="left" if test.change <= _middle([*values, 0.0, test.change]) else "right",
        font={"size": look.size(12), "color": look.accent},
    )
    sketch.update_xaxes(
        quiet_axis(
            look,
            title={
                "text": f"change in {metric_name(test.metric)} when the whole set is ablated, nats",
                "standoff": 8,
            },
            zeroline=True,
            zerolinecolor=look.quiet,
            range=_wide([*values, 0.0, test.change]),
        )
    )
    sketch.update_yaxes(quiet_axis(look, showticklabels=False, range=[-1, 1.25]))
    sketch.update_layout(hovermode="closest")
    return sketch.figure()


def _middle(values: list[float]) -> float:
    return (min(values) + max(values)) / 2


def _wide(values: list[float]) -> list[float]:
    room = 0.06 * ((max(values) - min(values)) or 1.0)
    return [min(values) - room, max(values) + room]


def pair_map(interactions: "Interactions", look: Look) -> go.Figure:
    """I of every pair, member by member; pairs that back each other up are outlined."""
    values, heads = interactions.values, interactions.heads
    end, n = scale_of(values, NOTABLE_NATS), len(heads)
    said = {
        frozenset(pair.heads): f"{pair_words(pair)}<br>{pair.relation.value}"
        for pair in interactions.pairs
    }
    sketch = blank(look, float(np.clip(46 * n + 70, 190, 480)))
    sketch.add_trace(
        go.Heatmap(
            z=rows_of(values),
            x=list(range(n)),
            y=list(range(n)),
            zmin=-end,
            zmax=end,
            colorscale=look.diverging,
            showscale=False,
            xgap=2,
            ygap=2,
            customdata=[[said.get(frozenset((a, b)), "") for b in heads] for a in heads],
            hovertemplate="%{customdata}<extra></extra>",
            hoverongaps=False,
        )
    )
    texts = [[signed(float(v), 2) if np.isfinite(v) else "" for v in row] for row in values]
    sketch.add_trace(numbers(texts, shares_of(values, end), look.diverging, look.size(11)))
    for pair in interactions.pairs:
        if pair.relation is not Relation.BACKUP:
            continue
        for one, other in (pair.heads, pair.heads[::-1]):
            x, y = interactions.heads.index(one), interactions.heads.index(other)
            name = f"backed up {one.label} {other.label}"
            frame = outline(x, y, look, name, inset=0.008)
            sketch.add_shape(frame | {"line": {"color": look.ink, "width": 1.5}})
    sketch.update_xaxes(named_heads(interactions.heads, look, n, side="top", range=[-0.5, n - 0.5]))
    sketch.update_yaxes(named_heads(interactions.heads, look, n))
    return sketch.figure()
