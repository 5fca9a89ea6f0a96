"""One head's effect in words: in the metric on display, and always in probability beside it."""

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


def change_words(metric: Metric, effect: Effect, baseline: Baseline) -> str:
    """A head's effect: its change in a metric, what P became, and why the two may seem to differ.

    As in "−2.33 nats; P 30.4 % → 26.0 %".
    """
    value = metric.value(effect)
    assert value is not None
    after = percent(effect.prob)
    if metric is PROB:
        return f"{metric.quantity(value)}, to {after}"
    went = f"{metric.quantity(value)}; P {percent(baseline.prob)} → {after}"
    return went + opposed_words(metric, effect, baseline)


def opposed_words(metric: Metric, effect: Effect, baseline: Baseline) -> str:
    """Why a metric rose where the target's probability fell, or the reverse; "" where neither.

    A lead over a rival may grow while the target loses: then the rival lost more.
    """
    value, rival = metric.value(effect), _RIVALS.get(metric.field)
    if rival is None or value is None or not metric.is_notable(value):
        return ""
    if value * effect.prob_change >= 0 or percent(effect.prob) == percent(baseline.prob):
        return ""
    return f", while {rival} {'fell' if effect.prob_change < 0 else 'rose'} more"
