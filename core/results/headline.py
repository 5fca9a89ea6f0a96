"""The one sentence that matters of a sweep: its strongest fact, which may be a whole layer."""

from collections.abc import Callable

from core.prompts.token_words import answer_words
from core.results.effects import Effect
from core.results.joint_layers import JointLayer, joint_layers
from core.results.layer_effects import LayerEffects
from core.results.leading import opening
from core.results.metric_words import about_words, least_words, opposed_words
from core.results.metrics import PROB, Metric
from core.results.result import SweepResult
from core.text.numbers import counted, decimal, percent
from core.text.words import Words, bold, phrase, plain

OUTDOES = 1.25
"""A whole layer is the strongest fact where it does so many times what any one head does.

Where the two are about equal, the one head says more.
"""
LONGEST = 40
"""Characters of an answer that the sentence quotes; a longer one is "the answer"."""


def headline(
    result: SweepResult, metric: Metric | None = None, layer_effects: LayerEffects | None = None
) -> Words:
    """The strongest fact of a sweep, finished or partial, in one sentence.

    In the metric that the sweep opens on unless one is given. It names the head with the largest
    effect, or the layer where all its heads together do more than any head does. Where nothing is
    notable, nothing is measured yet, or the run lacks the metric, it says that. `layer_effects`
    None: only heads are known.
    """
    metric = opening(result).metric if metric is None else metric
    if not result.heads:
        return phrase("No head has been measured yet.")
    if not metric.measures(result):
        return phrase(f"This run does not have the {metric.short}.")
    said = _strongest(result, metric, layer_effects)
    if result.complete:
        return said
    total = result.shape[0] * result.shape[1]
    return phrase(bold("So far"), f": {len(result.heads)} of {total} heads are in. ", said)


def leads_with_layer(
    result: SweepResult, metric: Metric, layer_effects: LayerEffects | None
) -> JointLayer | None:
    """The layer with a sentence of its own that is the strongest fact; None where none is."""
    layer = _strongest_layer(result, metric, layer_effects)
    joint = joint_layers(result, layer_effects, metric) if layer is not None else ()
    return next((each for each in joint if each.layer == layer), None)


def _strongest(result: SweepResult, metric: Metric, layer_effects: LayerEffects | None) -> Words:
    if (joint := leads_with_layer(result, metric, layer_effects)) is not None:
        return joint.words
    if (layer := _strongest_layer(result, metric, layer_effects)) is not None:
        assert layer_effects is not None
        effect, heads = layer_effects.attention[layer], counted(result.shape[1])
        what = phrase(bold(f"layer {layer}"), f"’s {heads} heads together")
        return _effect_words(what, effect, metric, result)
    ranked = result.ranked(metric.field)
    if not ranked or not metric.is_notable(metric.value(ranked[0])):
        return _nothing_notable(result, metric, layer_effects)
    return _effect_words(phrase(bold(ranked[0].address.label)), ranked[0], metric, result)


def _strongest_layer(
    result: SweepResult, metric: Metric, layer_effects: LayerEffects | None
) -> int | None:
    """The layer that does most, where it outdoes every head; None where it does not."""
    if layer_effects is None or not result.complete or result.shape[1] < 2:
        return None
    size = _size_in(metric)
    attention = layer_effects.attention
    most, layer = max(((size(each), -i) for i, each in enumerate(attention)), default=(0.0, 0))
    least = OUTDOES * max(map(size, result.heads))
    return -layer if metric.is_notable(most) and most >= least else None


def _size_in(metric: Metric) -> Callable[[Effect], float]:
    return lambda effect: abs(metric.value(effect) or 0.0)


def _effect_words(what: Words, effect: Effect, metric: Metric, result: SweepResult) -> Words:
    """What became of the answer without a head, or without several."""
    value = metric.value(effect)
    assert value is not None
    before, after = percent(result.baseline.prob), percent(effect.prob)
    if metric is PROB:
        verb = "falls" if value < 0 else "rises"
        went = f" {verb} from {before} to {after} ({metric.quantity(value)})."
        return phrase("Without ", what, " the answer", _named_answer(result), went)
    if not metric.signed:
        did = f" by {metric.quantity(value)} ({metric.short}; P of the target {before} → {after})."
        return phrase("Ablating ", what, " moves ", about_words(metric, result), did)
    opposed = opposed_words(metric, effect, result.baseline, result)
    size = f"{decimal(abs(value), metric.digits)} {metric.unit}"
    did = f" by {size} (P {before} → {after}{opposed})."
    verb = "lowers" if value < 0 else "raises"
    return phrase("Ablating ", what, f" {verb} ", about_words(metric, result), did)


def _named_answer(result: SweepResult) -> Words:
    """The answer's text behind the word, where it is short enough for a headline."""
    answer = answer_words(result.target_tokens, result.spec.target)
    return phrase(" ", answer) if len(plain(answer)) <= LONGEST else ()


def _nothing_notable(
    result: SweepResult, metric: Metric, layer_effects: LayerEffects | None
) -> Words:
    """That no head, and where layers are measured no layer, did anything to speak of."""
    layers = layer_effects is not None and result.complete
    who = "No single head, and no whole layer’s attention," if layers else "No single head"
    least = f" by {least_words(metric)} or more"
    start = f" from its {percent(result.baseline.prob)}" if metric is PROB else ""
    about = about_words(metric, result)
    return phrase(f"{who} moved ", about, f"{least}{start} when ablated.")
