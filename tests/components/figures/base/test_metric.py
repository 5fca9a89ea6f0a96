"""The metrics: units, signs and words."""

import numpy as np
import pytest

from core.results.metrics import KL, LOGIT_DIFF, LOGODDS, LOGPROB, METRICS, PROB


@pytest.mark.parametrize(("metric", "factor"), [(PROB, 100), (LOGPROB, 1), (LOGODDS, 1), (KL, 1)])
def test_values_are_the_results_in_the_metrics_unit(result, metric, factor):
    values = metric.values(result)
    for effect in result.heads:
        assert values[effect.address] == pytest.approx(factor * getattr(effect, metric.field))
        assert metric.of(effect) == values[effect.address]


def test_the_logit_difference_needs_a_foil(result):
    assert not LOGIT_DIFF.measures(result)
    assert np.isnan(LOGIT_DIFF.values(result)).all()
    assert LOGIT_DIFF.of(result.heads[0]) is None
    assert all(metric.measures(result) for metric in METRICS if metric is not LOGIT_DIFF)


def test_estimates_are_in_the_same_unit_and_some_metrics_have_none(estimate):
    assert np.allclose(PROB.estimated(estimate), 100 * estimate.prob_change)
    assert np.allclose(LOGPROB.estimated(estimate), estimate.logprob_change)
    assert KL.estimated(estimate) is None
    assert LOGIT_DIFF.estimated(estimate) is None  # this one was made without a foil
    assert PROB.estimated(None) is None


def test_quantities_have_a_real_minus_and_a_unit_and_kl_no_sign():
    assert PROB.quantity(-8.14) == "−8.1 pp"
    assert LOGPROB.quantity(0.5) == "+0.50 nats"
    assert KL.quantity(0.5) == "0.50 nats"
    assert PROB.text(-8.14, 0) == "−8"
    assert (PROB.change, KL.change) == ("change", "KL(clean ‖ ablated)")


def test_metrics_are_told_apart_by_their_short_names():
    assert len({metric.short for metric in METRICS}) == len({m.field for m in METRICS}) == 5
