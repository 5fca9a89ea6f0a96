"""What stands in the cells of a sweep and beside its rows, whoever draws them.

The page draws a grid of its own (`head_grid`), a print and the report a Plotly figure
(`head_heatmap`): the numbers and the words are the same.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from components.figures.base.look import Look
from components.words.escaping import short_token
from core.results.layer_effects import LayerEffects
from core.results.metrics import Metric
from core.results.result import Effect, HeadEffect, SweepResult
from core.spec.heads import Head
from core.sweep.estimate.estimate_words import ESTIMATED
from core.text.numbers import percent, share_of
from core.text.words import Words, bold, phrase, token

_LONGEST = 14
"""Characters of a token that are shown in a line about a cell."""


def color_limit(values: np.ndarray, metric: Metric) -> float:
    """The value at the end of the colour scale: the largest seen, but never noise."""
    finite = np.abs(values[np.isfinite(values)])
    return float(max(finite.max(initial=0.0), metric.notable))


def shown_values(result: SweepResult, metric: Metric, guesses: np.ndarray | None) -> np.ndarray:
    """(layer, head) what is measured, and elsewhere `guesses`; NaN where there is neither."""
    measured = metric.values(result)
    return measured if guesses is None else np.where(np.isfinite(measured), measured, guesses)


def cell_words(
    result: SweepResult,
    head: Head,
    guesses: np.ndarray | None,
    metric: Metric,
    layer_effects: LayerEffects | None,
) -> Iterator[Words]:
    """The lines that are said of a cell, its name first; none where there is nothing in it."""
    effect, base = result.effect(head), percent(result.baseline.prob)
    if effect is None:
        if guesses is not None and np.isfinite(guesses[head]):
            yield phrase(bold(head.label), f" {ESTIMATED} {metric.quantity(guesses[head])}")
            yield phrase("a first-order guess, not measured yet")
        return
    yield phrase(bold(head.label))
    yield phrase(f"P(target) {base} → {percent(effect.prob)}")
    if (change := metric.value(effect)) is not None:
        yield phrase(f"{metric.label} {metric.quantity(change)}")
    yield phrase(f"rank {result.baseline.rank:,} → {effect.rank:,}")
    yield _likeliest(effect)
    part = (
        None if layer_effects is None else layer_effects.share_of_first(result, head, metric.field)
    )
    if part is not None and change is not None and abs(change) >= metric.notable:
        yield phrase(f"at position 0 alone: {share_of(part, 'it')}")


def layer_words(
    part: str, layer: int, effect: Effect, result: SweepResult, metric: Metric
) -> Iterator[Words]:
    """The lines that are said of a whole layer's bar; `part` is "attention" or "MLP"."""
    heads = f", all {result.shape[1]} heads at once" if part == "attention" else ""
    yield phrase(bold(f"Layer {layer} {part}"), heads)
    yield phrase(f"P(target) {percent(result.baseline.prob)} → {percent(effect.prob)}")
    yield phrase(f"{metric.label} {metric.quantity(metric.value(effect) or 0.0)}")
    yield phrase(f"rank {result.baseline.rank:,} → {effect.rank:,}")


def layers_axis(values: Sequence[float], metric: Metric) -> tuple[float, float]:
    """The ends of the axis that the bars of whole layers share: 0 in view, and some room."""
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.06 * max(high - low, metric.notable)
    return low - room, high + room


def bar_colour(value: float, metric: Metric, look: Look) -> str:
    """A full colour: of a bar the length says how much."""
    if not metric.signed:
        return look.sequential[-2][1]
    return look.takes if value < 0 else look.adds


def _likeliest(effect: HeadEffect) -> Words:
    text, prob = effect.top[0]
    return phrase("then likeliest: ", token(short_token(text, _LONGEST)), f" {percent(prob)}")
