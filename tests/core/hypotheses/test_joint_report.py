"""The report on a set of heads: when its prediction is dated, and what it leaves out."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support import specs

from core.demo.example import SPEC
from core.errors import InputError
from core.hypotheses.interactions import MOST
from core.hypotheses.joint_report import PredictedEffect, joint_report
from core.hypotheses.search_words import NOT_FOUND
from core.hypotheses.variants import NO_VARIANTS
from core.progress import run_to_end
from core.spec.heads import Head, all_heads
from core.sweep.sweep import run_sweep

HEADS = (Head(1, 0), Head(1, 2))


@pytest.mark.slow
def test_a_prediction_is_dated_before_anything_is_measured(demo):
    work = joint_report(demo, SPEC, HEADS, PredictedEffect(True, 0.05), greedy_too=True)
    shares = [next(work)]
    first_step = datetime.now(UTC)
    time.sleep(1.1)  # dates are to the second
    found = run_to_end(work, shares.append)
    assert datetime.fromisoformat(found["verdict"]["prediction"]["made_at"]) <= first_step
    assert found["provenance"]["seconds"] >= 1.1
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_an_impossible_prediction_is_refused_at_the_first_step(demo):
    with pytest.raises(InputError, match=r"is -0\.1: give a fraction") as raised:
        next(joint_report(demo, SPEC, HEADS, PredictedEffect(False, -0.1)))
    assert raised.value.field == "prob_after"


@pytest.mark.slow
def test_pairs_are_mapped_where_there_are_some_and_not_too_many(demo):
    heads = all_heads(demo.n_layers, demo.n_heads)
    mapped = [run_to_end(joint_report(demo, SPEC, heads[:n])) for n in (1, 2, MOST, MOST + 1)]
    sizes = [found["interactions"] and len(found["interactions"]["heads"]) for found in mapped]
    assert sizes == [None, 2, MOST, None]


def test_keeping_every_head_keeps_the_answer(demo):
    found = run_to_end(joint_report(demo, SPEC, all_heads(demo.n_layers, demo.n_heads)))
    kept = found["keep_only"]
    assert kept["prob_share"] == pytest.approx(1, abs=1e-5)
    assert kept["faithfulness"] == pytest.approx(1, abs=1e-5)
    assert kept["empty"]["prob"] < 0.01


@pytest.mark.slow
def test_a_search_that_needs_no_head_is_tried_on_variants_too(demo):
    """At position 0 the corrupted prompt is the prompt, so that nothing is ever lost."""
    spec = replace(SPEC, ablation="resample", corrupted_prompt=specs.CORRUPTED, positions=(0,))
    found = run_to_end(joint_report(demo, spec, HEADS, greedy_too=True))
    assert found["search"]["found"]
    assert found["search"]["heads"] == []
    assert found["joint"]["change"] == pytest.approx(0, abs=1e-5)
    assert len(found["variants"]) == 5
    for variant in found["variants"]:
        clean = run_sweep(
            demo,
            replace(SPEC, prompt=variant["prompt"], target=variant["target"]),
        ).baseline.prob
        assert variant["clean_prob"] == pytest.approx(clean, abs=1e-5)
        assert variant["prob_share"] == pytest.approx(1, abs=1e-4)
        assert variant["faithfulness"] is None  # of nothing lost there is no share


@pytest.mark.slow
def test_a_prompt_without_variants_says_so_and_no_set_is_tried_on_none(demo):
    spec = replace(SPEC, prompt="The opposite of hot is cold. The opposite of big is")
    first = run_sweep(demo, replace(spec, target=" small")).baseline.top[0][0]
    found = run_to_end(joint_report(demo, replace(spec, target=first), HEADS, greedy_too=True))
    assert found["search"]["found"]
    assert found["variants"] == NO_VARIANTS
    found = run_to_end(joint_report(demo, replace(spec, target=" zebra"), HEADS, greedy_too=True))
    assert not found["search"]["found"]
    assert found["search"]["finished"]
    assert found["variants"] == NOT_FOUND


def test_a_share_that_cannot_be_kept_is_refused_at_once(demo):
    with pytest.raises(InputError, match="above 0, at most 1") as raised:
        next(joint_report(demo, SPEC, HEADS, greedy_too=True, enough=0.0))
    assert raised.value.field == "enough"
