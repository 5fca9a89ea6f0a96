"""The views of a head through the job lane: the same as measured by hand."""

import time
from dataclasses import replace

import numpy as np
import pytest
from support.jobs import WAIT, done, ended

from core import SweepSpec
from core.checkpoints.registry import key_of
from core.circuits.attention import head_attention
from core.circuits.by_position import iter_position_effects
from core.circuits.direct_effect import direct_effect
from core.circuits.dose import measure_dose
from core.circuits.edge import Edge
from core.circuits.head_scores import HeadScores
from core.circuits.knock_out import measure_knock_out
from core.circuits.path_patching import measure_path_patching
from core.circuits.tasks import (
    MeasureAttention,
    MeasureDirectEffect,
    MeasureDose,
    MeasureHeadScores,
    MeasureKnockOut,
    MeasureLogitEffects,
    MeasurePatching,
    MeasurePathPatching,
    MeasurePositionEffects,
    MeasureScoresWithout,
    MeasureStreamPatching,
)
from core.demo import example
from core.errors import InputError
from core.jobs import JobState
from core.progress import run_to_end
from core.spec.ablation import AblationKind
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer

HEAD = Head(1, 0)
MEAN = replace(example.SPEC, ablation=AblationKind.MEAN)
CORRUPTED = "The quick brown cat jumps over the lazy dog. The quick brown fox"


@pytest.mark.slow
def test_every_view_is_what_is_measured_directly(jobs, demo):
    scorer = Scorer(demo, example.SPEC)
    looking = done(jobs.ask(MeasureAttention(example.SPEC, HEAD)))
    assert looking.weights == pytest.approx(head_attention(scorer.start, HEAD).weights, abs=1e-6)
    saying = done(jobs.ask(MeasureLogitEffects(example.SPEC, HEAD)))
    assert saying.predictions[0].text == " jumps"  # what this head's loss costs most
    found, kinds = done(jobs.ask(MeasureDirectEffect(example.SPEC, HEAD)))
    assert found.total == pytest.approx(direct_effect(scorer, HEAD).total, abs=1e-6)
    assert set(kinds) == {kind for kind in AblationKind if not kind.traits.lacks}


@pytest.mark.slow
def test_roles_and_what_ablating_the_previous_token_head_does_to_them(jobs):
    model = key_of(example.SPEC)
    clean = done(jobs.ask(MeasureHeadScores(model)))
    without = done(jobs.ask(MeasureScoresWithout(model, Head(0, 0), AblationKind.MEAN)))
    assert isinstance(clean, HeadScores)
    assert clean.values("induction")[1].mean() > 0.8
    assert without.values("induction")[1].mean() < 0.1


@pytest.mark.slow
def test_a_head_that_is_not_there_is_said_in_words(jobs):
    job = jobs.ask(MeasureAttention(example.SPEC, Head(9, 9)))
    ended(job, JobState.FAILED)
    assert isinstance(job.error, InputError)
    assert "L0H0 to L2H3" in str(job.error)


@pytest.mark.slow
def test_what_feeds_it_where_it_matters_and_patching(jobs, demo):
    fed = done(jobs.ask(MeasurePathPatching(MEAN, HEAD, 14, 5)))
    expected = run_to_end(measure_path_patching(Scorer(demo, MEAN), HEAD, 14, 5))
    np.testing.assert_allclose(fed.by_key, expected.by_key, atol=1e-6)
    assert (fed.query, fed.key) == (14, 5)

    place = done(jobs.ask(MeasurePositionEffects(MEAN, (HEAD,))))
    assert place.complete
    last = list(iter_position_effects(Scorer(demo, MEAN), [HEAD]))[-1][1]
    np.testing.assert_allclose(place.values("kl"), last.values("kl"), atol=1e-6)

    spec = replace(example.SPEC, ablation=AblationKind.RESAMPLE, corrupted_prompt=CORRUPTED)
    patched = done(jobs.ask(MeasurePatching(spec, "denoise")))
    assert patched.complete
    assert len(patched.heads) == 12


@pytest.mark.slow
def test_an_edge_a_dose_and_the_residual_stream(jobs, demo):
    scorer = Scorer(demo, MEAN)
    knocked = done(jobs.ask(MeasureKnockOut(MEAN, HEAD, 14, (5, 6))))
    expected = run_to_end(measure_knock_out(scorer, [HEAD], 14, (5, 6)))
    assert knocked.effect.logprob_change == pytest.approx(expected.effect.logprob_change, abs=1e-6)
    scaled = done(jobs.ask(MeasureDose(MEAN, HEAD)))
    assert scaled.factors == run_to_end(measure_dose(scorer, [HEAD])).factors
    fed = done(jobs.ask(MeasurePathPatching(MEAN, Head(2, 1), edge=Edge.MLPS, answer=True)))
    assert fed.edge is Edge.MLPS
    assert fed.answer.heads == (Head(2, 1),)
    spec = replace(example.SPEC, ablation=AblationKind.RESAMPLE, corrupted_prompt=CORRUPTED)
    assert done(jobs.ask(MeasureStreamPatching(spec))).complete


def test_views_wait_for_nobodys_long_work(jobs):
    """A map of the whole model is long: a look at one head is done in between."""
    order = []
    prompt = " ".join(["red green blue yellow"] * 30)
    long = jobs.ask(
        MeasurePositionEffects(replace(MEAN, prompt=prompt, target=" red"), tuple(all_heads(3, 4)))
    )
    while long.state is not JobState.RUNNING or long.output is None:
        assert not long.state.final
        time.sleep(0.005)
    quick = jobs.ask(MeasureAttention(example.SPEC, Head(2, 3)))
    assert quick.wait(WAIT)
    order.append(long.state)
    long.cancel()
    ended(long, JobState.CANCELLED)
    assert quick.state is JobState.DONE
    assert order == [JobState.RUNNING]
    assert long.output is not None, "what came in before stays"


@pytest.mark.slow
def test_models_that_cannot_be_taken_apart_say_why(jobs, checkpoint):
    folder = str(checkpoint("opt-post-norm"))
    spec = SweepSpec(folder, "The quick brown fox", " jumps", prepend_bos=True)
    found, kinds = done(jobs.ask(MeasureDirectEffect(spec, HEAD)))
    assert "a norm follows" in found
    assert AblationKind.ZERO in kinds
    assert "a norm follows" in done(jobs.ask(MeasurePathPatching(spec, HEAD)))
    saying = done(jobs.ask(MeasureLogitEffects(spec, HEAD)))
    assert "a norm follows" in saying.unavailable
    assert saying.attribution is None
    assert saying.predictions
