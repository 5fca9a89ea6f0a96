"""Layers whose heads hide each other: little alone, and far more when all are ablated together.

Ablating heads one at a time misses what several of them do alike (Heimersheim and Nanda 2024,
arXiv:2404.15255, section 2.4). A whole layer's attention is ablated anyway, for the scale beside
the heatmap: where it does far more than any one of its heads, the sweep's heads alone mislead.
"""

from dataclasses import dataclass

from core.results.layer_effects import LayerEffects
from core.results.leading import NOTABLE_NATS, leading_of
from core.results.metric_words import about_words
from core.results.metrics import PROB, Metric
from core.results.result import SweepResult
from core.spec.heads import Head
from core.text.numbers import counted, decimal
from core.text.words import Words, bold, phrase

FAR = 2.0
"""A layer does far more than any of its heads where it does at least so many times as much."""

LEAST = 0.2
"""A layer that does less than this share of what the strongest head does is not spoken of."""


@dataclass(frozen=True)
class JointLayer:
    """One such layer, in one metric.

    `together` is the effect of all its `heads` at once, `alone` the lowest and the highest of
    their own, in the metric's unit. `exceeds_sum`: in the leading metric, where effects may be
    added, the effect together goes beyond the sum of the heads' own. `words` are one sentence.
    """

    layer: int
    heads: tuple[Head, ...]
    together: float
    alone: tuple[float, float]
    exceeds_sum: bool
    words: Words


def joint_layers(
    result: SweepResult, layer_effects: LayerEffects | None, metric: Metric
) -> tuple[JointLayer, ...]:
    """Every such layer, the largest effect together first.

    Its effect together is notable in the metric, `FAR` times its largest head's at least, and
    `LEAST` of what the model's strongest head does. There is none where the layers are not
    measured; a layer with one head, or whose heads are not all in, is no such layer.
    """
    if layer_effects is None:
        return ()
    found = (_joint_layer(result, layer_effects, layer, metric) for layer in range(result.shape[0]))
    return tuple(sorted((each for each in found if each is not None), key=_smallness))


def _smallness(layer: JointLayer) -> float:
    return -abs(layer.together)


def _joint_layer(
    result: SweepResult, layer_effects: LayerEffects, layer: int, metric: Metric
) -> JointLayer | None:
    heads = tuple(Head(layer, head) for head in range(result.shape[1]))
    together = metric.value(layer_effects.attention[layer])
    values = [metric.value(e) for head in heads if (e := result.effect(head)) is not None]
    own = [value for value in values if value is not None]
    if together is None or len(own) < len(heads) or len(heads) < 2:
        return None
    strongest = abs(metric.value(result.ranked(metric.field)[0]) or 0.0)
    least = max(FAR * max(map(abs, own)), LEAST * strongest)
    if not metric.is_notable(together) or abs(together) < least:
        return None
    alone = (min(own), max(own))
    exceeds = _exceeds_sum(result, layer_effects, heads)
    # Of a prediction as a whole, or against the leading metric, it would say nothing.
    leading = leading_of(result).value(layer_effects.attention[layer]) or 0.0
    stand_in = exceeds and leading < 0 and _all_cost(result, heads)
    explains = stand_in and metric.of_target and together < 0 and alone[1] <= 0
    words = phrase(_moved_words(result, metric, layer, len(own), alone, together), _why(explains))
    return JointLayer(layer, heads, together, alone, exceeds, phrase(words, "."))


def _exceeds_sum(result: SweepResult, layer_effects: LayerEffects, heads: tuple[Head, ...]) -> bool:
    """Whether the effect together goes beyond the sum of the heads' own, in the leading metric.

    Beyond means: in its direction, and by more than is noise. A change of probability, or of its
    logarithm, would do so for harms that simply add up: both are bent near their ends.
    """
    together = leading_of(result).value(layer_effects.attention[heads[0].layer])
    own = _one_at_a_time(result, heads)
    if together is None or len(own) < len(heads):
        return False
    total = sum(own)
    direction = -1 if together < 0 else 1
    return direction * (together - total) > NOTABLE_NATS and direction * together > 0


def _all_cost(result: SweepResult, heads: tuple[Head, ...]) -> bool:
    """Whether the answer loses by each of them alone: one that it gains by stands in for none."""
    return all(value <= 0 for value in _one_at_a_time(result, heads))


def _one_at_a_time(result: SweepResult, heads: tuple[Head, ...]) -> list[float]:
    """What each head that is in does alone, in the leading metric."""
    metric, effects = leading_of(result), map(result.effect, heads)
    return [metric.value(effect) or 0.0 for effect in effects if effect is not None]


def _why(explains: bool) -> str:
    return ": alone, one can stand in for another" if explains else ""


def layer_subject(layer: int, n_heads: int) -> Words:
    """All heads of a layer, as the beginning of a sentence."""
    return phrase(bold(f"Layer {layer}"), f"’s {counted(n_heads)} heads")


def _moved_words(
    result: SweepResult,
    metric: Metric,
    layer: int,
    n_heads: int,
    alone: tuple[float, float],
    together: float,
) -> Words:
    """What the heads do one at a time, and together."""
    subject, about = layer_subject(layer, n_heads), about_words(metric, result)
    what = phrase("the answer’s probability") if metric is PROB else about
    low, high = alone
    if not metric.signed:
        did = f" by {_range(low, high, metric)} one at a time, and by {_size(together, metric)}"
        return phrase(subject, " move ", what, did, " together")
    if min(low * together, high * together) <= 0:  # not all one way
        did = f" by {metric.text(low)} to {metric.quantity(high)} one at a time, and by "
        return phrase(subject, " move ", what, did, f"{metric.quantity(together)} together")
    least, most = sorted((abs(low), abs(high)))
    each, both = _range(least, most, metric), _size(together, metric)
    if together < 0 and metric.of_target:
        return phrase(subject, f" cost {each} of ", what, f" one at a time, and {both} together")
    verb = "lower" if together < 0 else "raise"
    return phrase(subject, f" {verb} ", what, f" by {each} one at a time, and by {both} together")


def _range(low: float, high: float, metric: Metric) -> str:
    least, most = decimal(low, metric.digits), decimal(high, metric.digits)
    return f"{most} {metric.unit}" if least == most else f"{least} to {most} {metric.unit}"


def _size(value: float, metric: Metric) -> str:
    return f"{decimal(abs(value), metric.digits)} {metric.unit}"
