"""The layer x head heatmap of a sweep as plain data, for the grid that the page's own script draws.

The grid (`components/assets/js/head_grid.js`) is HTML: it is there before a chart library is, each
cell can be reached by the keyboard and is read out, and a click is answered in the browser.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.figures.base.cells import shares_of
from components.figures.base.look import Look, colour_at, ink_on
from components.figures.cell_contents import (
    bar_colour,
    cell_words,
    color_limit,
    layer_words,
    layers_axis,
    shown_values,
)
from core.results.layer_effects import LayerEffects
from core.results.metrics import Metric
from core.results.result import Effect, SweepResult
from core.spec.heads import Head, all_heads
from core.sweep.estimate.attribution import Estimate
from core.sweep.estimate.estimate_words import ESTIMATED
from core.sweep.estimate.reliability import shown_guesses
from core.text.words import plain

_DIGITS = 6
"""Significant digits of a cell's value."""

Grid = dict[str, Any]
"""What the script takes, in JSON's types; `head_grid` says what is in it."""


def head_grid(
    result: SweepResult,
    metric: Metric,
    look: Look,
    *,
    name: str,
    estimate: Estimate | None = None,
    layer_effects: LayerEffects | None = None,
    beside: str = "",
    letters: Mapping[Head, str] | None = None,
) -> Grid:
    """A cell a head, layers down; a signed metric's colours are centred on 0.

    `name` is what a screen reader calls the grid. Of each cell there are its `value` in the
    metric's unit (None where nothing is known, or only an estimate that does not hold), the `text`
    on it, the lines that it `told` when it is pointed at, its colours, whether it is only
    `estimated`, whether nothing is made of so little (`weak`), and its `letter` of published roles.
    Beside the rows are `bars`, one a whole
    layer's attention or MLP, from `start` to `end`, which are shares of their axis; `beside` says
    why where there are none yet. `scale` is the colour bar.
    """
    guesses = shown_guesses(estimate, result, metric)
    shown = shown_values(result, metric, guesses)
    limit = color_limit(shown, metric)
    return {
        "name": name,
        "shape": list(result.shape),
        "cells": [
            _cell(result, head, shown, limit, guesses, metric, look, layer_effects)
            | ({"letter": letters[head]} if letters and head in letters else {})
            for head in all_heads(*result.shape)
        ],
        "scale": _scale(limit, metric, look),
        "beside": "" if layer_effects is not None else beside,
        **_beside(result, layer_effects, metric, look),
    }


def _cell(
    result: SweepResult,
    head: Head,
    shown: np.ndarray,
    limit: float,
    guesses: np.ndarray | None,
    metric: Metric,
    look: Look,
    layer_effects: LayerEffects | None,
) -> Grid:
    value = float(shown[head])
    if not math.isfinite(value):
        return {"value": None}
    scale = look.diverging if metric.signed else look.sequential
    at = float(shares_of(np.array(value), limit, signed=metric.signed))
    estimated = result.effect(head) is None
    told = cell_words(result, head, guesses, metric, layer_effects)
    return {
        "value": float(f"{value:.{_DIGITS}g}"),
        # Numbers are measured: an estimate has its mark, and its number among what is told.
        "text": ESTIMATED if estimated else metric.text(value, metric.digits - 1),
        "told": [plain(line) for line in told],
        "colour": _hex(colour_at(scale, min(max(at, 0.0), 1.0))),
        "ink": ink_on(scale, at),
        **({"estimated": True} if estimated else {}),
        **({"weak": True} if not metric.is_notable(value) else {}),
    }


def _scale(limit: float, metric: Metric, look: Look) -> Grid:
    """The colour bar: its colours from left to right, the values at its ends, and its ticks."""
    low = -limit if metric.signed else 0.0
    return {
        "unit": metric.unit,
        "ends": [float(f"{low:.{_DIGITS}g}"), float(f"{limit:.{_DIGITS}g}")],
        "colours": [colour for _, colour in (look.diverging if metric.signed else look.sequential)],
        "ticks": _ticks(low, limit, 5, metric),
    }


def _beside(
    result: SweepResult, layer_effects: LayerEffects | None, metric: Metric, look: Look
) -> Grid:
    """The bars of the layers, on one axis of their own: a layer can do more than any head."""
    if layer_effects is None:
        return {"bars": [], "ticks": []}
    parts: list[tuple[str, Sequence[Effect | None]]] = [
        ("attention", layer_effects.attention),
        ("MLP", layer_effects.mlp),
    ]
    found = [
        (part, layer, effect, value)
        for part, effects in parts
        for layer, effect in enumerate(effects)
        if effect is not None and (value := metric.value(effect)) is not None
    ]
    low, high = layers_axis([value for *_, value in found], metric)

    def share(value: float) -> float:
        return round((value - low) / (high - low), 4)

    return {
        "zero": share(0.0),
        "ticks": _ticks(low, high, 3, metric),
        "bars": [
            {
                "part": part,
                "layer": layer,
                "start": share(min(value, 0.0)),
                "end": share(max(value, 0.0)),
                "colour": bar_colour(value, metric, look),
                "told": [plain(w) for w in layer_words(part, layer, effect, result, metric)],
            }
            for part, layer, effect, value in found
        ],
    }


def _ticks(low: float, high: float, most: int, metric: Metric) -> list[list[object]]:
    """[share of the axis, text] of at most `most` round numbers, 0 among them."""
    if high <= low:
        return []
    step = _round_step((high - low) / most)
    first, last = math.ceil(low / step), math.floor(high / step)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [
        [round((n * step - low) / (high - low), 4), metric.text(n * step, digits)]
        for n in range(first, last + 1)
    ]


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is `least` or more."""
    power = float(10 ** math.floor(math.log10(least)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


def _hex(channels: Sequence[float]) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)
