"""What a tab remembers of its jobs: without Streamlit running."""

import dataclasses

import numpy as np
import pytest

from components.state import Session
from components.state import tab as module
from core.checkpoints.registry import key_of
from core.demo import example
from core.jobs import Job, JobState
from core.spec.ablation import AblationKind
from core.sweep.estimate.attribution import Estimate
from core.sweep.task import SweepFound, SweepTask

RESULT = example.saved()
NOTHING = dataclasses.replace(RESULT, heads=(), _index={})
ESTIMATE = Estimate({"logprob_change": np.zeros(RESULT.shape)})


def job_of(spec=example.SPEC, partial=None, estimate=None):
    job = Job(key_of(spec), SweepTask(spec))
    job.state = JobState.RUNNING
    job.found = None if partial is None else SweepFound(partial, estimate)
    return job


class FakeJobs:
    def __init__(self):
        self.released = []

    def ask(self, task):
        return job_of(task.spec)

    def release(self, job):
        self.released.append(job)


@pytest.fixture
def jobs(monkeypatch):
    fake = FakeJobs()
    monkeypatch.setattr(module, "JOBS", fake)
    return fake


def test_an_estimate_is_shown_before_any_head_is_finished():
    state = Session(job=job_of(partial=NOTHING, estimate=ESTIMATE))
    state.collect()
    assert state.shown is NOTHING
    assert state.estimate is ESTIMATE
    assert state.asked == example.SPEC


def test_without_an_estimate_the_old_result_stays_until_a_head_is_finished():
    state = Session(job=job_of(partial=NOTHING))
    state.show(RESULT)
    state.collect()
    assert state.shown is RESULT


def test_layer_effects_are_taken_over_though_the_heads_were_all_there():
    job = job_of(partial=RESULT)
    state = Session(job=job)
    state.collect()
    assert state.layer_effects is None
    assert not state.lacks(job)
    job.found = dataclasses.replace(job.found, layer_effects=example.saved_layer_effects())
    assert state.lacks(job)
    job.end(JobState.DONE)
    state.collect()
    assert state.layer_effects is job.found.layer_effects
    assert state.job is None


def test_another_result_takes_the_layer_effects_and_the_estimate_away():
    state = Session()
    state.show(RESULT, example.SPEC, estimate=ESTIMATE, layer_effects=example.saved_layer_effects())
    state.show(NOTHING)
    assert state.layer_effects is None
    assert state.estimate is None


@pytest.mark.parametrize("reference", [None, ("as long a prompt",)])
@pytest.mark.parametrize("corrupted", [None, "another prompt"])
def test_comparing_asks_for_every_kind_that_can_be_had(jobs, corrupted, reference):
    state = Session()
    state.show(RESULT, example.SPEC)
    state.compare(corrupted, reference)
    absent = {
        *(() if corrupted else (AblationKind.RESAMPLE,)),
        *(() if reference else (AblationKind.MEAN_POSITIONAL,)),
    }
    kinds = set(AblationKind) - absent
    assert set(state.compared) == kinds
    for kind, job in state.compared.items():
        assert job.task.spec.ablation is kind
        assert job.task.spec.prompt == example.SPEC.prompt
    # The very spec that was asked for: its finished job is found again.
    assert state.compared[example.SPEC.ablation].task.spec == example.SPEC


def test_stopping_a_comparison_releases_what_is_unfinished_and_keeps_the_rest(jobs):
    state = Session()
    state.show(RESULT, example.SPEC)
    state.compare(None, None)
    done, *others = state.compared.values()
    done.end(JobState.DONE)
    state.stop_comparing()
    assert list(state.compared.values()) == [done]
    assert jobs.released == others


@pytest.mark.parametrize("written", ["/some/folder", "/some/folder ", " /some/folder\n"])
def test_a_model_named_from_outside_is_unasked_however_it_is_written_until_it_is_asked_for(written):
    state = Session()
    state.name_from_outside(written)
    state.name_from_outside("demo")  # another link after it takes nothing back
    assert state.is_unasked("/some/folder")
    assert state.is_unasked(written)
    assert not state.is_unasked("demo")
    state.allow("/some/folder")
    assert not state.is_unasked(written)
