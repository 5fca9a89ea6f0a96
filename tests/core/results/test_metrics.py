"""The table of metrics: its fields, units, signs and words."""

from dataclasses import fields, replace

import numpy as np
import pytest

from core.demo.example import saved
from core.results.metrics import (
    BY_SHORT,
    ENTROPY,
    FIELDS,
    KL,
    LOGIT_DIFF,
    LOGPROB,
    MARGIN,
    METRICS,
    PROB,
    changes,
)
from core.results.result import COLUMNS, Effect
from core.results.scores import RowScores
from core.sweep.estimate.attribution import Estimate
from core.text.words import plain

RESULT = saved()
GUESSES = -np.abs(np.random.default_rng(0).normal(size=RESULT.shape))
ESTIMATE = Estimate({"prob_change": GUESSES / 10, "logprob_change": GUESSES})


def rows(**values):
    """Scores of one row, 0 where nothing is given."""
    names = {field.name for field in fields(RowScores)} - {"foil_logprob", "part_logprob"}
    zeros = {name: np.zeros(1) for name in names}
    return RowScores(**{**zeros, **{name: np.array([value]) for name, value in values.items()}})


def test_an_effect_has_a_field_for_each_metric_and_a_table_a_column():
    others = {"prob", "rank", "top"}
    assert {field.name for field in fields(Effect)} - others == set(FIELDS)
    assert set(FIELDS) < set(COLUMNS)
    assert len(FIELDS) == len(BY_SHORT) == len({metric.column for metric in METRICS})
    assert all(metric.signed == metric.field.endswith("_change") for metric in METRICS)
    assert all(metric.meaning.endswith(".") for metric in METRICS)


def test_changes_are_ablated_minus_clean_and_kl_is_from_one_to_the_other():
    clean = rows(logprob=np.log(0.5), logodds=0.0, margin=1.0, entropy=2.0)
    now = rows(logprob=np.log(0.25), logodds=-1.0, margin=-0.5, entropy=2.5, kl=0.75)
    found = {field: float(value[0]) for field, value in changes(now, clean).items()}
    by_hand = {
        **{"prob_change": -0.25, "logprob_change": -np.log(2), "logodds_change": -1.0},
        **{"margin_change": -1.5, "kl": 0.75, "entropy_change": 0.5},
    }
    assert {field: found[field] for field in by_hand} == pytest.approx(by_hand)
    assert set(found) == set(FIELDS) - {"logit_diff_change"}  # it needs a foil


def test_what_the_scores_lack_has_no_change():
    clean, now = rows(foil_logprob=-3.0), rows(logprob=-1.0, foil_logprob=-2.5)
    assert changes(now, clean)["logit_diff_change"] == pytest.approx([-1.5])
    # Answers of different lengths: the part of the target with which the foil is compared.
    parts = replace(now, part_logprob=np.array([-0.5])), replace(clean, part_logprob=np.zeros(1))
    assert changes(*parts)["logit_diff_change"] == pytest.approx([-1.0])
    assert "logit_diff_change" not in changes(rows(), rows())
    assert "margin_change" not in changes(replace(now, margin=None), replace(clean, margin=None))


@pytest.mark.parametrize("metric", [each for each in METRICS if each is not LOGIT_DIFF])
def test_values_are_the_results_in_the_metrics_unit(metric):
    factor = 100 if metric is PROB else 1
    values = metric.values(RESULT)
    for effect in RESULT.heads:
        assert values[effect.address] == pytest.approx(factor * getattr(effect, metric.field))
        assert metric.value(effect) == values[effect.address]


def test_the_logit_difference_needs_a_foil():
    assert not LOGIT_DIFF.measures(RESULT)
    assert np.isnan(LOGIT_DIFF.values(RESULT)).all()
    assert LOGIT_DIFF.value(RESULT.heads[0]) is None
    assert all(metric.measures(RESULT) for metric in METRICS if metric is not LOGIT_DIFF)


@pytest.mark.parametrize("metric", [MARGIN, ENTROPY])
def test_an_older_result_lacks_what_was_not_measured_then(metric):
    heads = tuple(replace(effect, **{metric.field: None}) for effect in RESULT.heads)
    assert not metric.measures(replace(RESULT, heads=heads, _index={}))
    older = replace(RESULT.baseline, **{metric.name: None})
    assert not metric.measures(replace(RESULT, baseline=older))
    begun = replace(RESULT, heads=(), _index={})
    assert metric.measures(begun)
    assert not metric.measures(replace(begun, baseline=older))


def test_estimates_are_in_the_same_unit_and_some_metrics_have_none():
    assert np.allclose(PROB.estimated(ESTIMATE), 10 * GUESSES)
    assert np.allclose(LOGPROB.estimated(ESTIMATE), GUESSES)
    assert KL.estimated(ESTIMATE) is None
    assert LOGIT_DIFF.estimated(ESTIMATE) is None  # this one was made without a foil
    assert PROB.estimated(None) is None
    assert not any(metric.has_estimate for metric in (KL,))


def test_quantities_have_a_real_minus_and_a_unit_and_kl_no_sign():
    assert PROB.quantity(-8.14) == "−8.1 pp"
    assert LOGPROB.quantity(0.5) == "+0.50 nats"
    assert KL.quantity(0.5) == "0.50 nats"
    assert PROB.text(-8.14, 0) == "−8"
    assert (PROB.label, KL.label) == ("change", "KL(clean ‖ ablated)")


def test_how_to_read_a_picture_says_the_sign_of_each_colour_and_the_unit():
    for metric in METRICS:
        said = plain(metric.how_to_read)
        assert metric.unit in said
        assert ("Red: " in said and "; blue: " in said) is metric.signed, metric.short
    assert "surer" in plain(ENTROPY.how_to_read).split("; blue")[0]  # red is a change below 0
    assert "whatever became of the answer" in plain(KL.how_to_read)
