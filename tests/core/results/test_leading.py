"""What conclusions are drawn in, and what is shown at first: by foil and baseline alone."""

from dataclasses import replace

import pytest

from core.demo import example
from core.results.leading import leading, leading_of, opening
from core.results.metrics import LOGIT_DIFF, LOGODDS, PROB


def run(prob=0.5, logit_diff=None):
    saved = example.saved()
    baseline = replace(saved.baseline, prob=prob, logit_diff=logit_diff)
    return replace(saved, baseline=baseline, _index={})


@pytest.mark.parametrize("prob", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_with_a_foil_it_is_the_logit_difference_else_log_odds(prob):
    assert leading_of(run(prob)) is leading(has_foil=False) is LOGODDS
    assert leading_of(run(prob, 0.0)) is leading(has_foil=True) is LOGIT_DIFF
    assert opening(run(prob, 0.0)).metric is LOGIT_DIFF


@pytest.mark.parametrize(
    ("prob", "metric"),
    [(0.049, LOGODDS), (0.05, PROB), (0.5, PROB), (0.95, PROB), (0.951, LOGODDS), (1.0, LOGODDS)],
)
def test_probability_is_shown_where_it_can_move_either_way(prob, metric):
    found = opening(run(prob))
    assert found.metric is metric
    assert found.why.startswith("Shown at first, because")
    assert ("near" in found.why) == (metric is LOGODDS)


def test_runs_that_open_on_different_metrics_are_compared_in_log_odds():
    assert opening(run(0.5), run(0.6)).metric is PROB
    assert opening(run(0.5), run(0.99)).metric is LOGODDS
    assert opening(run(0.5, 1.0), run(0.5)).metric is LOGODDS
    assert opening(run(0.5, 1.0), run(0.01, 2.0)).metric is LOGIT_DIFF
