"""One head's effect in words: in the metric on display, and always in probability beside it."""

import math
import re

from core.prompts.token_words import answer_words
from core.results.effects import Baseline, Effect
from core.results.metrics import LOGIT_DIFF, MARGIN, PROB, Metric
from core.results.result import SweepResult
from core.text.numbers import percent
from core.text.words import Words, phrase

_RIVALS = {LOGIT_DIFF.field: "the foil", MARGIN.field: "the likeliest other token"}
"""What a metric holds the target against; where it goes one way and P the other, this decides."""


def about_words(metric: Metric, result: SweepResult) -> Words:
    """What a metric is a change of, with the sweep's own answers."""
    spec = result.spec
    answers = {
        "{target}": answer_words(result.target_tokens, spec.target),
        "{foil}": answer_words(result.foil_tokens, spec.foil),
    }
    parts = re.split(r"(\{\w+\})", metric.about)
    return phrase(*(answers.get(part, part) for part in parts))


def least_words(metric: Metric) -> str:
    """The least that is made anything of, as "1 pp"."""
    return f"{metric.notable:g} {metric.unit}"


def change_words(
    metric: Metric, effect: Effect, baseline: Baseline, of: SweepResult | None = None
) -> str:
    """A head's effect: its change in a metric, what P became, and why the two may seem to differ.

    As in "−2.33 nats; P 30.4 % → 26.0 %". `of` is the sweep, where it is at hand.
    """
    value = metric.value(effect)
    assert value is not None
    after = percent(effect.prob)
    if metric is PROB:
        return f"{metric.quantity(value)}, to {after}"
    went = f"{metric.quantity(value)}; P {percent(baseline.prob)} → {after}"
    return went + opposed_words(metric, effect, baseline, of)


def opposed_words(
    metric: Metric, effect: Effect, baseline: Baseline, of: SweepResult | None = None
) -> str:
    """Why a metric rose where the target's probability fell, or the reverse; "" where neither.

    A lead over a rival may grow while the target loses: then the rival lost more. Of a target of
    several tokens P is that of all, and one may be compared alone: if that went against P, the
    others did it. Which it was is read off the sweep (`of`); where it cannot be, neither is said.
    """
    value, rival = metric.value(effect), _RIVALS.get(metric.field)
    if rival is None or value is None or not metric.is_notable(value):
        return ""
    if value * effect.prob_change >= 0 or percent(effect.prob) == percent(baseline.prob):
        return ""
    moved = "fell" if effect.prob_change < 0 else "rose"
    compared = _compared_change(metric, effect, baseline, of)
    if compared is None:
        return f", while P, of all the target’s tokens, {moved}"
    if compared * effect.prob_change > 0:
        return f", while {rival} {moved} more"
    return f", while the target’s other tokens, which are not compared, {moved}"


def _compared_change(
    metric: Metric, effect: Effect, baseline: Baseline, of: SweepResult | None
) -> float | None:
    """The change in log prob of what a metric compares with a rival; None where it is not known.

    That is the target, or one of its several tokens: then it is known of the first alone, and where
    that is among the likeliest ones.
    """
    if len(baseline.token_probs) <= 1:
        return effect.logprob_change
    if of is None:
        return None
    at = of.parts_at if metric is LOGIT_DIFF else 0
    if at is None:
        return effect.logprob_change
    now = dict(effect.top).get(of.target_tokens[0], 0.0)
    if at or not now or not baseline.token_probs[0]:
        return None
    return math.log(now / baseline.token_probs[0])
