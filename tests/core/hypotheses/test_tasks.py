"""The tests of a hypothesis through the job lane: the same as measured by hand."""

from dataclasses import replace

import pytest
from support.jobs import done, ended

from core.demo import example
from core.errors import InputError
from core.hypotheses.held_out import held_out
from core.hypotheses.interactions import interactions
from core.hypotheses.joint import joint_test
from core.hypotheses.keep_only import keep_only
from core.hypotheses.search import greedy
from core.hypotheses.tasks import (
    MeasureInteractions,
    MeasureJoint,
    MeasureKeepOnly,
    MeasureVariants,
    SearchGreedy,
)
from core.hypotheses.variants import NO_VARIANTS, parse_variants
from core.jobs import JobState
from core.progress import run_to_end
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep.scorer import Scorer

MEAN = replace(example.SPEC, ablation=AblationKind.MEAN)
SET = (Head(1, 0), Head(1, 2))


@pytest.mark.slow
def test_every_test_is_what_is_measured_directly(jobs, demo):
    joint = done(jobs.ask(MeasureJoint(MEAN, SET)))
    by_hand = run_to_end(joint_test(Scorer(demo, MEAN), SET))
    assert joint.change == pytest.approx(by_hand.change, abs=1e-6)
    assert [o.heads for o in joint.others] == [o.heads for o in by_hand.others]
    kept = done(jobs.ask(MeasureKeepOnly(MEAN, SET)))
    assert kept.faithfulness == pytest.approx(
        run_to_end(keep_only(Scorer(demo, MEAN), SET)).faithfulness, abs=1e-6
    )
    pairs = done(jobs.ask(MeasureInteractions(MEAN, SET)))
    by_hand = run_to_end(interactions(Scorer(demo, MEAN), SET))
    assert pairs.values[0, 1] == pytest.approx(by_hand.values[0, 1], abs=1e-6)


@pytest.mark.slow
def test_the_search_tells_each_step_as_it_is_done_and_is_the_same_in_the_end(jobs, demo):
    *_, expected = greedy(Scorer(demo, MEAN))
    sizes, work = [], SearchGreedy(MEAN).work(demo)
    for step in work:
        assert step.fraction is None or 0 <= step.fraction <= 1
        if step.partial is not None:
            sizes.append([len(trail.steps) for trail in step.partial.trails])
    told = [sum(steps) for steps in sizes]
    assert told == sorted(set(told)), "a part is told when there is more, not at every moment"
    assert sizes[-1] == [len(trail.steps) for trail in expected.trails]
    assert done(jobs.ask(SearchGreedy(MEAN))).heads == expected.heads


def test_variants_or_why_there_are_none(jobs, demo):
    tried = done(jobs.ask(MeasureVariants(MEAN, SET, 2)))
    assert len(tried) == 2
    assert all(each.spec.prompt != MEAN.prompt for each in tried)
    own = parse_variants("The weather today is => cold", MEAN)
    both = done(jobs.ask(MeasureVariants(MEAN, SET, 2, own)))
    assert [each.spec for each in both[:2]] == [each.spec for each in tried]
    (alone,) = run_to_end(held_out(demo, MEAN, SET, own))
    assert both[2].spec == own[0]
    assert both[2].kept.effect.prob == pytest.approx(alone.kept.effect.prob, abs=1e-6)
    plain = replace(MEAN, prompt="The weather today is", target=" cold")
    assert done(jobs.ask(MeasureVariants(plain, SET))) == NO_VARIANTS
    other = parse_variants("The weather yesterday was => hot", plain)
    assert [each.spec for each in done(jobs.ask(MeasureVariants(plain, SET, own=other)))] == [
        *other
    ]


def test_keeping_under_a_kind_that_cannot_say_it_is_refused_in_words(jobs):
    job = jobs.ask(MeasureKeepOnly(example.SPEC, SET))
    ended(job, JobState.FAILED)
    assert isinstance(job.error, InputError)
    assert "Choose zero, mean, mean positional or resample" in str(job.error)
