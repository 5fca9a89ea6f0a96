"""A worker outlives whatever a job raises, and what keeps it from working is told."""

import threading

import pytest
from support.brakes import WAIT, Brake

from core.checkpoints.registry import model_key
from core.errors import ModelError
from core.jobs import Jobs, JobState, lane
from core.jobs.lane import Lane
from core.jobs.task import OnModel, Step
from core.sweep.task import SweepTask


class PanicException(BaseException):  # as pyo3 calls what Rust code panics with
    """No `Exception`, as a tokenizer's panic is none."""


class UnsayableError(Exception):
    """Its own text cannot be had."""

    def __str__(self):
        raise RecursionError


def raising(error):
    class Broken(OnModel):
        @property
        def description(self):
            return "Breaking"

        def work(self, model):
            yield Step(0.5)
            raise error

    return Broken


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PanicException("retry-limit-in-match over"), "PanicException: retry-limit-in-match over"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (UnsayableError(), "UnsayableError: without a word"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_exception_of_any_class_ends_a_worker(jobs, spec, error, said):
    task = raising(error)(SweepTask(spec()).key("auto"))
    failed = jobs.ask(task)
    assert failed.wait(WAIT)
    assert failed.state is JobState.FAILED
    assert said in str(failed.error)
    assert failed.error.field == "run"
    assert jobs.trouble() is None
    after = jobs.ask(SweepTask(spec()))
    assert after.wait(WAIT)
    assert after.state is JobState.DONE


@pytest.mark.parametrize("error", [PanicException("x"), SystemExit(), MemoryError()])
def test_a_load_that_panics_is_a_failed_job(spec, error, monkeypatch):
    def broken(*_):
        raise error

    jobs = Jobs()
    monkeypatch.setattr(jobs._models, "get", broken)
    job = jobs.load(model_key("demo", "bfloat16", "raw"))
    assert job.wait(WAIT)
    assert job.state is JobState.FAILED


def test_a_worker_that_ended_is_told_and_the_next_job_starts_another(
    jobs, model, spec, monkeypatch
):
    assert jobs.ask(SweepTask(spec())).wait(WAIT)
    (own,) = jobs._lanes.values()
    ended = threading.Thread(target=lambda: None)
    ended.start()
    ended.join()
    monkeypatch.setattr(own, "_worker", ended)
    assert "has ended: restart" in jobs.trouble()
    after = jobs.ask(SweepTask(spec(target=" over")))
    assert after.wait(WAIT)
    assert after.state is JobState.DONE
    assert jobs.trouble() is None


def test_a_worker_that_gives_no_sign_for_long_is_told(jobs, model, spec, monkeypatch):
    with Brake(model, at=1) as brake:
        held = jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        assert jobs.trouble() is None
        monkeypatch.setattr(lane, "SILENT_AFTER", 0.0)
        assert "given no sign" in jobs.trouble()
    assert held.wait(WAIT)


def test_what_a_lane_does_may_raise_without_ending_its_job_or_itself(jobs, model, spec):
    def does(job, model):
        if not done:
            done.append(job)
            raise PanicException("of the lane's own")
        job.end(JobState.DONE)

    done = []
    own = Lane("test", does)
    first, second = (jobs.admit(SweepTask(spec(target=t)), _nothing()) for t in (" fox", " dog"))
    for job in (first, second):
        job._ended.clear()
        job.state = JobState.WAITING
        own.put(job, model)
        assert job.wait(WAIT)
    assert (first.state, second.state) == (JobState.FAILED, JobState.DONE)


def _nothing():
    from core.jobs.task import Recalled

    return Recalled(None, "")


def test_loads_count_towards_the_queue_and_are_refused_where_it_is_full(
    registry, model, spec, checkpoint
):
    """Else one visitor could start as many loading threads as they name folders."""
    jobs = Jobs(registry, max_queue=2)
    let_go = threading.Event()

    def held(key, progress=None):
        assert let_go.wait(WAIT)
        raise ModelError("It was only held.")

    registry.get = held
    loads = [jobs.load(model_key(str(checkpoint("gpt2")), dtype)) for dtype in ("bfloat16",)]
    loads.append(jobs.load(model_key(str(checkpoint("neox-serial")))))
    refused = jobs.load(model_key(str(checkpoint("llama"))))
    assert refused.state is JobState.FAILED
    assert "The queue is full: 2 sweeps, loads" in str(refused.error)
    assert jobs.ask(SweepTask(spec())).state is JobState.FAILED
    assert jobs.load(model_key("demo")).state is not JobState.FAILED  # what every page begins with
    let_go.set()
    assert all(job.wait(WAIT) for job in loads)
