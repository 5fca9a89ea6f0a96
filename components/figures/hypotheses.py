"""A set of heads in pictures: beside other sets, pair by pair, and as it grows in a search."""

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import numbers, outline, rows_of, scale_of, shares_of
from components.figures.base.head_axes import named_heads
from components.figures.base.look import Look, blank, quiet_axis
from core.hypotheses.joint_words import metric_name, pair_words
from core.hypotheses.relation import Relation
from core.results.leading import NOTABLE_NATS
from core.spec.heads import Head
from core.text.numbers import signed

if TYPE_CHECKING:
    from core.hypotheses.interactions import Interactions
    from core.hypotheses.joint import JointTest
    from core.hypotheses.search_state import Search

_SMALLEST_VIEW = 24
"""Sizes in view at least, where there are as many heads."""


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


def search_curve(search: "Search", look: Look) -> go.Figure:
    """Kept probability, in percent of the clean run's, against the number of heads kept.

    A line for each direction; the set that is reported is the last point of its line, ringed.
    """
    sketch = blank(look, look.size(300))
    kept: list[float | None] = []
    for trail in search.trails:
        shares = [None if share is None else 100 * share for share in search.curve(trail)]
        kept += shares
        forward = trail is search.forward
        sketch.add_trace(
            go.Scatter(
                x=[len(step.kept) for step in trail.steps],
                y=shares,
                mode="lines+markers",
                name=trail.direction.value,
                line={
                    "color": look.accent if forward else look.quiet,
                    "width": 2,
                    "dash": "solid" if forward else "dot",
                },
                marker=_ringed(trail is search.best and search.found, len(shares), look),
                text=[_step_label(step.changed, forward) for step in trail.steps],
                cliponaxis=False,
                hovertemplate="%{text}: %{x} heads keep %{y:.1f} %<extra></extra>",
            )
        )
    top = max([100.0, *(value for value in kept if value is not None)])
    sketch.add_shape(
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=100,
        y1=100,
        line={"color": look.quiet, "width": 1, "dash": "dash"},
        name="clean",
    )
    sketch.add_annotation(
        xref="paper",
        x=0,
        y=100,
        yanchor="bottom",
        xanchor="left",
        text="the clean run",
        showarrow=False,
        font={"size": look.size(11), "color": look.quiet},
    )
    sketch.update_xaxes(
        quiet_axis(
            look,
            title={"text": "heads kept, all others ablated", "standoff": 8},
            range=[-0.4, _last_size(search) + 0.4],
            dtick=max(1, _last_size(search) // 12),
        )
    )
    sketch.update_yaxes(
        quiet_axis(
            look,
            title={"text": "P(target), % of clean", "standoff": 8},
            range=[-0.1 * top, 1.12 * top],
            showgrid=True,
            gridcolor=look.line,
        )
    )
    sketch.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.12, "x": 1, "xanchor": "right"}
    )
    return sketch.figure()


def _step_label(changed: tuple[Head, ...], forward: bool) -> str:
    """The heads that a step adds or drops: the first few of many."""
    if not changed:
        return "none" if forward else "all"
    sign = "+" if forward else "−"
    more = " …" if len(changed) > 4 else ""
    return " ".join(f"{sign}{head.label}" for head in changed[:4]) + more


def _ringed(reported: bool, n: int, look: Look) -> dict[str, Any]:
    """Markers of one line; the last of the line that is reported is larger, with a frame."""
    sizes = [9.0] * n
    widths = [0.0] * n
    if reported:
        sizes[-1], widths[-1] = 14.0, 2.0
    return {"size": sizes, "line": {"color": look.ink, "width": widths}}


def _last_size(search: "Search") -> int:
    """The largest size in view: backward from many heads only its end is of interest."""
    if not search.backward.steps:
        return max(1, len(search.forward.heads))
    ends = [len(trail.heads) for trail in search.trails]
    return min(search.n_heads, max(_SMALLEST_VIEW, 2 * max(ends)))
