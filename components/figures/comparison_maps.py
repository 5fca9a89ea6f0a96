"""Two runs side by side on one colour scale, and the map of their difference."""

import numpy as np
import plotly.graph_objects as go

from components.figures.base.cells import (
    bar_beneath,
    coloured,
    head_targets,
    numbers,
    outline,
    shares_of,
)
from components.figures.base.head_axes import head_axes, on_panel, shape_on_panel
from components.figures.base.look import Look, blank
from components.figures.base.sketch import Sketch
from components.figures.comparison import (
    A_AND_B,
    Names,
    RunName,
    difference_of,
    difference_scale,
    difference_text,
    head_words,
    limits,
    red_means,
)
from components.words.escaping import as_label
from core.results.comparison import Comparison
from core.results.metrics import Metric
from core.spec.heads import Head, all_heads

PANELS = 3
TICKS = 12
MARKED = 6
"""How many of a panel's strongest cells carry their number."""
NUMBERED = 12
"""With more heads a layer, cells are too narrow for numbers."""
CAPTION, LINES = 16, 3
"""The characters of a line, and the lines, of a title over a panel of a narrow page."""
GAP = 0.03
"""Between panels, as a share of the width."""
WIDTH = (1 - GAP * (PANELS - 1)) / PANELS
ABOVE, LINE, BELOW = 66.0, 16.0, 82.0
"""Pixels for titles of one line and head numbers, for one more line, and for the colour bars, whose
names have two.
"""


def comparison_maps(
    comparison: Comparison,
    metric: Metric,
    look: Look,
    selected: Head | None = None,
    *,
    names: Names = A_AND_B,
) -> go.Figure:
    """Layers down, heads across: the first run, the second, and the second minus the first.

    Both runs share one scale. The difference is red where more was lost in the second run, on
    the same scale or, where that would not show it, on one of its own, which its colour bar says.
    """
    n_layers, n_heads = comparison.one.shape
    cell = float(np.clip(250 / n_layers, 9, 40))
    titled = (*names, RunName(difference_of(names), red_means(metric, names)))
    titles = [name.title(CAPTION, LINES) for name in titled]
    more = max(title.count("<br>") for title in titles)
    above, below = look.size(ABOVE + LINE * more), look.size(BELOW)
    sketch = blank(look, n_layers * cell + above + below)
    grids = [v * metric.factor for v in (comparison.one, comparison.other, comparison.difference)]
    run_end, difference_end = limits(comparison, metric)
    for panel, (values, title) in enumerate(zip(grids, titles, strict=True)):
        end = run_end if panel < 2 else difference_end
        _cells(sketch, values, panel, end, metric, look)
        _clicks(sketch, comparison, panel, metric, names)
        sketch.update_layout(
            head_axes(
                (n_layers, n_heads),
                look,
                most=TICKS,
                panel=panel,
                across=(_start(panel), min(1.0, _start(panel) + WIDTH)),
                layers_named=panel == 0,
            )
        )
        _word(sketch, title, panel, look, look.size(40))
        if selected is not None:
            frame = outline(selected.head, selected.layer, look, f"selected {selected.label}")
            sketch.add_shape(**frame, **shape_on_panel(panel))
    scale = "the runs’" if metric.signed and run_end == difference_end else "its own"
    _word(sketch, f"both runs, {metric.unit}", 0, look, look.size(-14))
    said = f"{as_label(difference_of(names))}, {metric.unit}<br>on {scale} scale"
    _word(sketch, said, PANELS - 1, look, look.size(-14))
    sketch.update_layout(
        **_colours(metric, (run_end, difference_end), look),
        margin={"l": 8, "r": 14, "t": above, "b": below},
        hovermode="closest",
        hoverdistance=-1,
        # Between the cells: hairlines, so that a 0 is seen.
        plot_bgcolor=look.line,
    )
    return sketch.figure()


def _cells(
    sketch: Sketch, values: np.ndarray, panel: int, end: float, metric: Metric, look: Look
) -> None:
    """The colours, and the numbers of the strongest where cells are wide enough."""
    n_heads = values.shape[1]
    has_sign = metric.signed or panel == 2
    run_scale = look.diverging if metric.signed else look.sequential
    scale = difference_scale(metric, look) if panel == 2 else run_scale
    colours = "coloraxis2" if panel == 2 else "coloraxis"
    sketch.add_trace(coloured(values, coloraxis=colours, **on_panel(panel)))
    texts = _numbers(values, panel, metric)
    at = shares_of(values, end, signed=has_sign)
    sketch.add_trace(numbers(texts, at, scale, look.size(_type_size(n_heads)), **on_panel(panel)))


def _numbers(values: np.ndarray, panel: int, metric: Metric) -> list[list[str]]:
    """Of the strongest cells, in as few digits as say something; "" for all others."""
    size = np.abs(values)
    texts = np.full(values.shape, "", dtype=object)
    if values.shape[1] <= NUMBERED:
        for i in np.argsort(-size, axis=None, kind="stable")[:MARKED]:
            value = float(values.flat[i])
            if abs(value) >= metric.notable:
                digits = 0 if abs(value) >= 10 else metric.digits - 1
                said = difference_text if panel == 2 else _value_text
                texts.flat[i] = said(value, metric, digits)
    found: list[list[str]] = texts.tolist()
    return found


def _value_text(value: float, metric: Metric, digits: int) -> str:
    return metric.text(value, digits)


def _clicks(
    sketch: Sketch, comparison: Comparison, panel: int, metric: Metric, names: Names
) -> None:
    heads = all_heads(*comparison.one.shape)
    sketch.add_trace(
        head_targets(
            heads,
            [head_words(comparison, head, metric, names) for head in heads],
            **on_panel(panel),
        )
    )


def _word(sketch: Sketch, text: str, panel: int, look: Look, up: float) -> None:
    """A panel's title, `up` pixels above it, or beneath it the name of its colours."""
    sketch.add_annotation(
        text=text,
        x=_start(panel),
        xref="paper",
        xanchor="left",
        align="left",
        y=1 if up > 0 else 0,
        yref="paper",
        yanchor="bottom" if up > 0 else "top",
        yshift=up,
        showarrow=False,
        font={"size": look.size(12), "color": look.ink if up > 0 else look.quiet},
    )


def _colours(metric: Metric, ends: tuple[float, float], look: Look) -> dict[str, object]:
    """The colour axes of the runs and of the difference, each bar beneath its panels."""
    run_end, difference_end = ends
    bar = bar_beneath("", look, WIDTH)
    return {
        "coloraxis": {
            "cmin": -run_end if metric.signed else 0,
            "cmax": run_end,
            "colorscale": look.diverging if metric.signed else look.sequential,
            "colorbar": bar,
        },
        "coloraxis2": {
            "cmin": -difference_end,
            "cmax": difference_end,
            "colorscale": difference_scale(metric, look),
            "colorbar": {**bar, "x": _start(PANELS - 1)},
        },
    }


def _start(panel: int) -> float:
    return panel * (WIDTH + GAP)


def _type_size(n_heads: int) -> float:
    """Points for the numbers in the cells, which are narrow on a narrow page."""
    return 11 if n_heads <= 8 else 9
