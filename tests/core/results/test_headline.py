"""The one sentence of a sweep: its strongest fact, and nothing that was not measured."""

import dataclasses

import pytest

from core.demo import example
from core.results.headline import LONGEST, headline
from core.results.metrics import ENTROPY, KL, LOGIT_DIFF, LOGODDS, METRICS, PROB
from core.text.numbers import percent, signed
from core.text.words import plain


def changed(result, **changes):
    return dataclasses.replace(result, **changes, _index={})


def scaled(result, by):
    """The result with every effect so many times as large."""
    fields = [each.field for each in METRICS if each.measures(result)]
    return changed(
        result,
        heads=tuple(
            dataclasses.replace(e, **{field: by * getattr(e, field) for field in fields})
            for e in result.heads
        ),
    )


def said(*of):
    return plain(headline(*of))


def test_the_head_that_does_most_leads():
    result = example.saved()
    low = min(result.heads, key=lambda effect: effect.prob_change)
    assert said(result, None, example.saved_layer_effects()) == (
        f"Without {low.address.label} the answer ␣jumps falls from "
        f"{percent(result.baseline.prob)} to {percent(low.prob)} "
        f"({signed(100 * low.prob_change)} pp)."
    )


def test_a_rise_that_is_larger_than_any_fall_leads():
    result = example.saved()
    up = dataclasses.replace(result.heads[2], prob=0.95, prob_change=0.105)
    weak = scaled(result, 0.01).heads
    sentence = said(changed(result, heads=(*weak[:2], up, *weak[3:])))
    assert sentence == "Without L0H2 the answer ␣jumps rises from 84.5 % to 95.0 % (+10.5 pp)."


def test_a_layer_that_outdoes_every_head_leads():
    """With its own sentence where its heads hide each other, with a plain one where they do not."""
    result, effects = scaled(example.saved(), 0.1), example.saved_layer_effects()
    assert said(result, PROB, effects).startswith("Layer 1’s four heads cost 0.3 to 1.3 pp")
    first, second, third = effects.attention
    quiet = dataclasses.replace(second, prob_change=0.0)
    effects = dataclasses.replace(effects, attention=(first, quiet, third))
    assert said(scaled(example.saved(), 0.6), PROB, effects) == (
        f"Without layer 0’s four heads together the answer ␣jumps falls from 84.5 % to "
        f"{percent(first.prob)} ({signed(100 * first.prob_change)} pp)."
    )
    about_equal = scaled(example.saved(), 0.9)  # then the one head says more
    assert said(about_equal, PROB, effects).startswith("Without L0H0 the answer")


def test_metrics_in_nats_and_without_sign():
    result = example.saved()
    assert said(result, LOGODDS).startswith("Ablating L0H0 lowers the log odds of ␣jumps by 5.")
    assert "(P 84.5 % → 3.1 %)" in said(result, LOGODDS)
    assert said(result, ENTROPY).startswith("Ablating L0H0 raises the entropy of the next token")
    assert said(result, KL).startswith("Ablating L0H0 moves the prediction by 2.62 nats (KL; P of")


def test_where_nothing_is_notable_that_is_said_and_of_whom():
    faint = scaled(example.saved(), 1e-4)
    assert said(faint) == (
        "No single head moved P(␣jumps) by 1 pp or more from its 84.5 % when ablated."
    )
    effects = example.saved_layer_effects()
    still = tuple(dataclasses.replace(e, prob_change=0.0) for e in effects.attention)
    quiet = dataclasses.replace(effects, attention=still)
    assert said(faint, PROB, quiet).startswith("No single head, and no whole layer’s attention,")


def test_a_partial_sweep_is_honest_and_knows_no_layers():
    result = example.saved()
    partial = changed(result, heads=result.heads[4:8])
    assert said(partial, PROB, example.saved_layer_effects()).startswith(
        "So far: 4 of 12 heads are in. Without L1H0 the answer ␣jumps falls"
    )
    assert said(changed(result, heads=())) == "No head has been measured yet."


def test_a_metric_that_the_run_lacks():
    assert said(example.saved(), LOGIT_DIFF) == "This run does not have the logit diff."


@pytest.mark.parametrize("n", [LONGEST - 1, LONGEST])
def test_a_long_answer_is_not_quoted(n):
    """␣ and n letters: up to `LONGEST` characters in all they are."""
    long = changed(example.saved(), target_tokens=(" " + "a" * n,))
    assert ("aaa" in said(long)) is (n + 1 <= LONGEST)
