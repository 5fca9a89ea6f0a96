"""The heatmap as a picture that explains itself on a slide or in a paper.

The page's own heatmap, without what only a pointer finds and sharp at any size, between a heading
(what is shown, and of which prompt) and a foot (what it was computed from). Its size is in its
layout, so that a picture of it depends on no page.
"""

import math
import re
from collections.abc import Sequence

import plotly.graph_objects as go

from components.figures.base.fitting import BOLD, cut, fitted, mono, shortened, wrapped
from components.figures.base.look import MONO, Look
from components.figures.head_heatmap import ABOVE, BELOW, head_heatmap
from components.words.escaping import as_label
from core.prompts.token_words import answer_words
from core.prompts.tokens import visible_text
from core.results.captions import layer_effect_words, provenance_parts
from core.results.layer_effects import LayerEffects
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.spec.answer import Answer
from core.text.words import plain

WIDTH = 1100
"""Pixels; a picture for print is drawn at a multiple of it."""
CELLS = "cells"
"""The name of the trace that has a rectangle for every cell."""
_EDGE, _LEFT = 24.0, 50.0
_HEADING, _SUBTITLE, _PROMPT, _FOOT = 19.0, 14.0, 13.0, 11.0
_SPACING = 1.3
"""Plotly's own distance between lines, in font sizes."""
_BETWEEN = 6.0
_ANSWER, _PART = 32, 120
"""Characters of an answer, and of a part of the provenance (a model's name may be a long path)."""


def printed_heatmap(
    result: SweepResult,
    metric: Metric,
    look: Look,
    *,
    layer_effects: LayerEffects | None = None,
    title: str = "",
    width: int = WIDTH,
) -> go.Figure:
    """A sweep's heatmap on opaque paper, with its heading, scale and provenance; pixels wide.

    `title` is typed and stands above the metric's own. Without `layer_effects` the cells have the
    whole width.
    """
    room = width - 2 * _EDGE
    figure = head_heatmap(result, metric, look, layer_effects=layer_effects)
    _still(figure, look, keep_layer_effects=layer_effects is not None)
    heading = _heading(result, metric, look, title, room)
    foot = _foot(result, layer_effects, look, room)
    above = _EDGE + sum(_height(each) + look.size(_BETWEEN) for each in heading)
    below = _EDGE + _height(foot) + look.size(_BETWEEN)
    above_cells, below_cells = above + look.size(ABOVE), below + look.size(BELOW)
    cells = figure.layout.height - look.size(ABOVE) - look.size(BELOW)
    height = math.ceil(cells + above_cells + below_cells)
    at = _EDGE - above_cells
    for each in heading:
        figure.add_annotation(_placed(each, look, y=1.0, yanchor="top", yshift=-at))
        at += _height(each) + look.size(_BETWEEN)
    figure.add_annotation(_placed(foot, look, y=0.0, yanchor="bottom", yshift=_EDGE - below_cells))
    figure.update_layout(
        width=width,
        height=height,
        autosize=False,
        paper_bgcolor=look.paper,
        margin={
            "l": _EDGE + look.size(_LEFT),
            "r": _EDGE,
            "t": above_cells,
            "b": below_cells,
            "autoexpand": False,
        },
        yaxis_automargin=False,
    )
    figure.update_traces(marker_colorbar_y=below / height, selector={"name": CELLS})
    return figure


def _still(figure: go.Figure, look: Look, *, keep_layer_effects: bool) -> None:
    """Take out what only a pointer finds, and the layer effects' place where there are none."""
    (coloured,) = (trace for trace in figure.data if trace.type == "heatmap")
    kept = [
        trace
        for trace in figure.data
        if trace is not coloured
        and not (trace.type == "scatter" and trace.mode == "markers")
        and (keep_layer_effects or trace.xaxis != "x2")
    ]
    figure.data = ()
    figure.add_traces([_cells(coloured, look), *kept])
    if not keep_layer_effects:
        figure.layout.xaxis2 = None
        figure.update_layout(xaxis_domain=(0, 1))
        figure.update_traces(marker_colorbar_len=1, selector={"name": CELLS})


def _cells(heatmap: go.Heatmap, look: Look) -> go.Bar:
    """The same cells as rectangles: Plotly draws a heatmap as pixels, which blur when enlarged."""
    measured = [
        (layer, head, value)
        for layer, row in enumerate(heatmap.z)
        for head, value in enumerate(row)
        if value is not None
    ]
    return go.Bar(
        name=CELLS,
        orientation="h",
        y=[layer for layer, _, _ in measured],
        base=[head - 0.5 for _, head, _ in measured],
        x=[1.0] * len(measured),
        width=1.0,
        marker={
            "color": [value for _, _, value in measured],
            "colorscale": heatmap.colorscale,
            "cmin": heatmap.zmin,
            "cmax": heatmap.zmax,
            "colorbar": heatmap.colorbar.to_plotly_json(),
            "line": {"color": look.line, "width": 1},
        },
        hoverinfo="skip",
    )


def _heading(
    result: SweepResult, metric: Metric, look: Look, title: str, room: float
) -> list[dict[str, object]]:
    """The lines above the cells as annotations that are not placed yet."""
    what = f"{metric.title} when one head is ablated"
    size = look.size(_HEADING)
    first = visible_text(" ".join(title.split())).replace("␣", " ") or what
    lines = [_line(f"<b>{as_label(fitted(first, room, size, BOLD))}</b>", size, look.ink)]
    if first is not what:
        lines.append(_line(as_label(what), look.size(_SUBTITLE), look.ink))
    lines.append(_prompt(result, look, room))
    return lines


def _prompt(result: SweepResult, look: Look, room: float) -> dict[str, object]:
    """The prompt, an arrow, the target, and the foil where there is one, on one line.

    A long prompt loses its middle: its end is what the answer follows.
    """
    spec, size = result.spec, look.size(_PROMPT)
    target = _answer(result.target_tokens, spec.target)
    foil = "" if spec.foil is None else _answer(result.foil_tokens, spec.foil)
    against = f" against {foil}" if foil else ""
    left = room - mono(f" → {target}{against}", size)
    prompt = _isolated(shortened(_readable(spec.prompt), left, size))
    target = f'<span style="color:{look.accent}"><b>{_isolated(target)}</b></span>'
    rest = f" against {_isolated(foil)}" if foil else ""
    line = _line(f"{prompt} → {target}{rest}", size, look.quiet)
    return {**line, "font": {"family": MONO, "size": size, "color": look.quiet}}


def _foot(
    result: SweepResult, layer_effects: LayerEffects | None, look: Look, room: float
) -> dict[str, object]:
    """The lines beneath the scale, in one annotation."""
    size = look.size(_FOOT)
    lines = list(wrapped(_foot_parts(result), room, size))
    if layer_effects is not None:
        bars = plain(layer_effect_words(result, layer_effects))
        lines = [*wrapped((bars,), room, size), *lines]
    return _line("<br>".join(map(as_label, lines)), size, look.quiet)


def _foot_parts(result: SweepResult) -> list[str]:
    """The provenance's parts, each short enough for a line."""
    return [cut(plain(part), _PART) for part in provenance_parts(result)]


def _answer(tokens: Sequence[str], answer: Answer | None) -> str:
    return cut(plain(answer_words(tokens, answer)), _ANSWER)


def _line(text: str, size: float, colour: str) -> dict[str, object]:
    return {"text": text, "font": {"size": size, "color": colour}}


def _height(line: dict[str, object]) -> float:
    """Pixels of an annotation's lines."""
    size = line["font"]["size"]  # type: ignore[index]
    return float(_SPACING * size * (1 + str(line["text"]).count("<br>")))


def _placed(line: dict[str, object], look: Look, **where: object) -> dict[str, object]:
    """An annotation at the picture's left edge."""
    return {
        **line,
        **where,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "xshift": -look.size(_LEFT),
        "yref": "paper",
        "align": "left",
        "showarrow": False,
        "borderpad": 0,
    }


def _readable(text: str) -> str:
    """Text in which single spaces between words stay spaces, and all others are visible."""
    return re.sub(r"(?<=[^␣])␣(?=[^␣])", " ", visible_text(text))


def _isolated(text: str) -> str:
    """Escaped, and kept from reordering its neighbours where it runs from right to left."""
    return f"\u2068{as_label(text)}\u2069"
