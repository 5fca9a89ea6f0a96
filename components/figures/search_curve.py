"""A search for a small set of heads: what is kept of the answer as the set grows and shrinks."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from components.figures.base.look import Look, blank, quiet_axis
from components.figures.base.sketch import Sketch
from core.spec.heads import Head
from core.text.numbers import share

if TYPE_CHECKING:
    from core.hypotheses.search_state import Search

_SMALLEST_VIEW = 24
"""Sizes in view at least, where there are as many heads."""


def search_curve(search: "Search", look: Look) -> go.Figure:
    """Kept probability, in percent of the clean run's, against the number of heads kept.

    A line for each direction; the set that is reported is the last point of its line, ringed.
    """
    sketch = blank(look, look.size(300))
    kept: list[float | None] = []
    for trail in search.trails:
        shares = [None if part is None else 100 * part for part in search.curve(trail)]
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
    _on_line(sketch, 100, "the clean run", look)
    if search.enough < 1:
        _asked_for(sketch, 100 * search.enough, look)
    if search.found:
        _name_found(sketch, search, look)
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


def _on_line(sketch: Sketch, at: float, text: str, look: Look) -> None:
    """What a level line is, above its left end."""
    sketch.add_annotation(
        xref="paper",
        x=0,
        y=at,
        yanchor="bottom",
        xanchor="left",
        text=text,
        showarrow=False,
        font={"size": look.size(11), "color": look.quiet},
    )


def _asked_for(sketch: Sketch, at: float, look: Look) -> None:
    """The level that a set must keep, where that is not the clean run's own."""
    sketch.add_shape(
        type="line",
        xref="paper",
        x0=0,
        x1=1,
        y0=at,
        y1=at,
        line={"color": look.accent, "width": 1, "dash": "dash"},
        name="asked for",
    )
    _on_line(sketch, at, f"asked for: {share(at / 100)}", look)


def _name_found(sketch: Sketch, search: "Search", look: Look) -> None:
    """What the ring is: right of it, or at the end of a line down from it, off the curve."""
    n, kept = len(search.heads), search.curve(search.best)[-1]
    if kept is None:
        return
    last = _last_size(search)
    early = n <= last / 2
    line = {} if early else {"ax": 0, "ay": look.size(48), "arrowhead": 0, "standoff": 8}
    sketch.add_annotation(
        x=n,
        y=100 * kept,
        yanchor="top",
        yshift=-10 if early else 0,
        xanchor="left" if early else "center" if n <= 0.85 * last else "right",
        text=f"found: {n} {'head' if n == 1 else 'heads'}",
        showarrow=not early,
        arrowcolor=look.quiet,
        arrowwidth=1,
        **line,
        font={"size": look.size(11), "color": look.ink},
    )


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
