"""Layers whose heads hide each other: found by what was measured, and said in its words."""

import dataclasses
import math

import pytest

from core.demo import example
from core.results.joint_layers import FAR, LEAST, joint_layers
from core.results.metrics import KL, LOGODDS, LOGPROB, METRICS, PROB
from core.spec.heads import Head
from core.text.words import plain

LAYER = 1


def moved(effect, nats, start=0.845):
    """An effect that moved the log odds by so much from a probability."""
    prob = 1 / (1 + (1 - start) / start * math.exp(-nats))
    return dataclasses.replace(
        effect,
        prob=prob,
        prob_change=prob - start,
        logprob_change=math.log(prob / start),
        logodds_change=nats,
        kl=abs(nats) / 10,
    )


def made(alone, together, layer=LAYER, others=(-2.0, -2.0, -2.0)):
    """The shipped example with these log odds of one layer's heads, alone and together."""
    result, effects = example.saved(), example.saved_layer_effects()
    baseline = dataclasses.replace(result.baseline, prob=0.845)
    heads = tuple(
        moved(e, alone[e.head] if e.layer == layer else others[e.layer]) for e in result.heads
    )
    attention = [moved(e, -2.0) for e in effects.attention]
    attention[layer] = moved(attention[layer], together)
    return (
        dataclasses.replace(result, heads=heads, baseline=baseline, _index={}),
        dataclasses.replace(effects, attention=tuple(attention)),
    )


def only(alone, together, metric=LOGODDS):
    (found,) = joint_layers(*made(alone, together), metric)
    return found


def test_the_shipped_example_says_what_its_layer_1_does():
    (found,) = joint_layers(example.saved(), example.saved_layer_effects(), PROB)
    assert found.layer == 1
    assert found.heads == tuple(Head(1, head) for head in range(4))
    own = [100 * e.prob_change for e in example.saved().heads if e.layer == 1]
    assert found.alone == pytest.approx((min(own), max(own)))
    assert plain(found.words) == (
        "Layer 1’s four heads cost 3.2 to 13.4 pp of the answer’s probability one at a time, and "
        "79.1 pp together: alone, one can stand in for another."
    )


def test_a_layer_that_raises_says_so():
    found = only((0.2, 0.3, 0.1, 0.4), 3.0)
    assert found.together == pytest.approx(3.0)
    assert plain(found.words).startswith(
        "Layer 1’s four heads raise the log odds of ␣jumps by 0.10 to 0.40 nats one at a time, and "
        "by 3.00 nats together"
    )


def test_heads_of_both_signs_keep_their_signs():
    assert (
        "move the log odds of ␣jumps by −0.50 to +0.40 nats one at a time, and by −3.00 nats"
        in (plain(only((-0.5, 0.1, 0.4, 0.2), -3.0).words))
    )


def test_what_has_no_sign_has_none():
    words = plain(only((-0.5, -0.2, -0.4, -0.2), -3.0, KL).words)
    assert words == (
        "Layer 1’s four heads move the prediction by 0.02 to 0.05 nats one at a time, and by "
        "0.30 nats together."
    )


@pytest.mark.parametrize("metric", [PROB, LOGPROB, LOGODDS])
def test_harms_that_add_up_explain_nothing(metric):
    """Four times -1 is -4: far more than one alone, and no head stands in for another.

    In probability and its logarithm the same harms are more together than their sum: both are
    bent. What explains them is judged in log odds.
    """
    found = only((-1.0, -1.0, -1.0, -1.0), -4.0, metric)
    assert not found.exceeds_sum
    assert "stand in" not in plain(found.words)
    if metric is PROB:
        assert found.together < 4 * found.alone[0]


@pytest.mark.parametrize(
    ("alone", "together"),
    [
        ((-1.0, -0.5, -0.5, -0.5), -FAR + 0.01),  # not far more than the one head
        ((0.01, 0.0, 0.0, 0.0), 0.09),  # within what nothing is made of
        ((0.02, 0.0, 0.0, 0.0), 2.0 * LEAST - 0.01),  # little beside the model's strongest head
    ],
)
def test_what_is_no_such_layer(alone, together):
    assert joint_layers(*made(alone, together), LOGODDS) == ()


def test_nothing_is_said_of_a_layer_that_is_not_all_in_or_not_measured():
    result, effects = made((-0.2, -0.2, -0.2, -0.2), -3.0)
    assert joint_layers(result, None, LOGODDS) == ()
    partial = dataclasses.replace(result, heads=result.heads[5:], _index={})
    assert joint_layers(partial, effects, LOGODDS) == ()


def test_the_largest_comes_first_and_every_metric_has_a_sentence():
    result, effects = made((-0.2, -0.2, -0.2, -0.2), -3.0, others=(-0.1, -0.1, -0.1))
    effects = dataclasses.replace(
        effects,
        attention=(moved(effects.attention[0], -4.0), *effects.attention[1:]),
    )
    assert [each.layer for each in joint_layers(result, effects, LOGODDS)][:2] == [0, 1]
    for metric in METRICS:
        for each in joint_layers(result, effects, metric):
            said = plain(each.words)
            assert said.endswith(".")
            assert not {"{", "-"} & set(said)


def test_heads_stand_in_for_each_other_only_where_the_answer_loses_by_each():
    assert "stand in" in plain(only([-0.6, -0.3, -0.2, -0.4], -2.7).words)
    assert "stand in" not in plain(only([-0.6, 0.4, -0.3, -0.7], -2.7).words), "one raises it"
    assert "stand in" not in plain(only([0.6, 0.3, 0.2, 0.4], 2.7).words), "the answer gains"
