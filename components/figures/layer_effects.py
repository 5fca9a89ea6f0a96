"""The heatmap's layer effects: bars beside each row, for the whole layer's attention and its MLP.

They share the rows of the cells and the unit, on a scale of their own: a whole layer can do far
more than any of its heads.
"""

from collections.abc import Sequence

import plotly.graph_objects as go

from components.figures.base.look import Look, quiet_axis
from components.figures.base.sketch import Sketch
from components.figures.cell_contents import bar_colour, layer_words, layers_axis
from components.words.escaping import as_lines
from core.results.layer_effects import LayerEffects
from core.results.metrics import Metric
from core.results.result import Effect, SweepResult

CELLS = (0.0, 0.76)
"""The part of the figure's width that the cells take."""
BESIDE = (0.81, 1.0)
"""The layer effects' part; kept free before they are measured, so that nothing moves when they
come.
"""
_THICK, _APART = 0.3, 0.18

Measured = tuple[int, Effect, float]
"""A layer, what was measured of it, and the chosen metric's value."""


def draw_layer_effects(
    sketch: Sketch,
    result: SweepResult,
    layer_effects: LayerEffects | None,
    metric: Metric,
    look: Look,
    without: str,
) -> None:
    """Add the layer effects, on a second x axis; where there are none, the words that say why."""
    n_layers = result.shape[0]
    effects: list[tuple[str, Sequence[Effect | None]]] = []
    if layer_effects is not None:
        effects = [("attention", layer_effects.attention), ("MLP", layer_effects.mlp)]
    low, high = layers_axis(
        [metric.value(e) or 0.0 for _, found in effects for e in found if e is not None], metric
    )
    sketch.add_trace(_paper(n_layers, low, high, look))
    both = layer_effects is not None and any(each is not None for each in layer_effects.mlp)
    for name, found in effects:
        apart = (_APART if name == "MLP" else -_APART) if both else 0.0
        measured = [
            (layer, effect, value)
            for layer, effect in enumerate(found)
            if effect is not None and (value := metric.value(effect)) is not None
        ]
        sketch.add_trace(_bars(name, measured, apart, metric, look))
        told = [
            as_lines(layer_words(name, layer, effect, result, metric))
            for layer, effect, _ in measured
        ]
        sketch.add_trace(_pointed_at(measured, apart, told, (low + high) / 2))
    if layer_effects is not None:
        sketch.add_trace(_zero(n_layers, look))
    sketch.update_layout(
        xaxis2=quiet_axis(
            look,
            title={"text": "whole layer", "standoff": 6},
            side="top",
            domain=BESIDE,
            anchor="y",
            range=[low, high],
            nticks=3,
            automargin=False,
        ),
        barmode="overlay",
    )
    if layer_effects is None:  # there is no scale yet, but its place
        sketch.update_layout(xaxis2={"tickfont": {"color": "rgba(0,0,0,0)"}})
    if layer_effects is None and without:
        sketch.add_annotation(
            text=without,
            x=0.5,
            y=0.5,
            xref="x2 domain",
            yref="y domain",
            showarrow=False,
            font={"color": look.quiet, "size": look.size(11)},
        )


def _paper(n_layers: int, low: float, high: float, look: Look) -> go.Bar:
    """The page's colour behind the bars: the plot's own background is the cells' hairlines."""
    return go.Bar(
        x=[high - low],
        base=[low],
        y=[(n_layers - 1) / 2],
        width=[n_layers],
        orientation="h",
        xaxis="x2",
        marker={"color": look.paper, "line": {"width": 0}},
        hoverinfo="skip",
        unselected={"marker": {"opacity": 1}},
    )


def _bars(
    name: str, measured: Sequence[Measured], apart: float, metric: Metric, look: Look
) -> go.Bar:
    """Attention is filled and above, the MLP an outline and below: told apart without colour."""
    colours = [bar_colour(value, metric, look) for _, _, value in measured]
    filled = name == "attention"
    return go.Bar(
        name=name,
        x=[value for _, _, value in measured],
        y=[layer + apart for layer, _, _ in measured],
        orientation="h",
        width=_THICK,
        xaxis="x2",
        marker={
            "color": colours if filled else look.paper,
            "line": {"color": colours, "width": 0 if filled else 1.5},
        },
        hoverinfo="skip",
        unselected={"marker": {"opacity": 1}},
    )


def _pointed_at(
    measured: Sequence[Measured], apart: float, told: Sequence[str], x: float
) -> go.Scatter:
    """What the pointer finds: the nearest bar's row, at any distance, as with the cells.

    Bars themselves would all be equally near to a pointer that is in none of them.
    """
    return go.Scatter(
        x=[x for _ in measured],
        y=[layer + apart for layer, _, _ in measured],
        xaxis="x2",
        mode="markers",
        marker={"size": 4, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        text=list(told),
        hovertemplate="%{text}<extra></extra>",
    )


def _zero(n_layers: int, look: Look) -> go.Scatter:
    return go.Scatter(
        x=[0, 0],
        y=[-0.5, n_layers - 0.5],
        xaxis="x2",
        mode="lines",
        line={"color": look.quiet, "width": 1},
        hoverinfo="skip",
    )
