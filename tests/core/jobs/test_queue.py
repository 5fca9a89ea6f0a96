"""The queue: its end, each job's place in it, and how long it may still take."""

import threading

import pytest
from support.brakes import WAIT, Brake

from core.checkpoints.registry import key_of
from core.jobs import PATIENCE, Job, Jobs, JobState
from core.jobs.job import Standing
from core.sweep.task import SweepTask

TARGETS = (" fox", " dog", " lazy")


def until(true):
    ended = threading.Event()
    for _ in range(int(WAIT / 0.01)):
        if true():
            return
        ended.wait(0.01)
    raise AssertionError("it never came")


@pytest.mark.slow
def test_first_come_first_served_and_each_knows_its_place(jobs, model, spec):
    with Brake(model, at=1) as brake:
        first = jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        assert first.standing() is not None
        others = []
        for target in TARGETS:  # one after the other: loading threads could overtake
            others.append(jobs.ask(SweepTask(spec(target=target))))
            until(lambda: others[-1].state is JobState.WAITING)
        assert [job.standing().ahead for job in others] == [1, 2, 3]
        assert others[1].progress_text == "Waiting for its turn: 2 ahead"  # no job has ended yet
        others[0].cancel()
        assert [job.standing().ahead for job in others[1:]] == [1, 2]
    ended = []
    for job in (first, *others[1:]):
        assert job.wait(WAIT)
        assert job.state is JobState.DONE
        ended.append(job.number)
    assert others[0].state is JobState.CANCELLED
    assert ended == sorted(ended)


@pytest.mark.slow
def test_the_wait_is_told_from_what_earlier_jobs_took(jobs, model, spec):
    assert jobs.ask(SweepTask(spec())).wait(WAIT)
    with Brake(model, at=1) as brake:
        held = jobs.ask(SweepTask(spec(ablation="zero")))
        assert brake.reached.wait(WAIT)
        waiting = jobs.ask(SweepTask(spec(target=" over")))
        until(lambda: waiting.state is JobState.WAITING)
        ahead, seconds = waiting.standing()
        assert ahead == 1
        assert 0 < seconds < WAIT
        assert waiting.progress_text.startswith("Waiting for its turn: 1 ahead, about ")
    assert held.wait(WAIT)
    assert waiting.wait(WAIT)


def test_a_full_queue_refuses_with_its_length_and_takes_more_once_there_is_room(
    registry, model, spec
):
    jobs = Jobs(registry, max_queue=2)
    with Brake(model, at=1) as brake:
        held = [jobs.ask(SweepTask(spec(target=target))) for target in TARGETS[:2]]
        assert brake.reached.wait(WAIT)
        refused = jobs.ask(SweepTask(spec(target=" over")))
        assert refused.state is JobState.FAILED
        assert refused.error.field == "run"
        assert "The queue is full: 2 sweeps" in str(refused.error)
        assert jobs.ask(held[0].task) is held[0]  # joining one takes no room
        assert jobs.load(key_of(spec())).wait(WAIT)  # nor does a model alone
    for job in held:
        assert job.wait(WAIT)
    later = jobs.ask(SweepTask(spec(target=" over")))
    assert later is not refused
    assert later.wait(WAIT)
    assert later.state is JobState.DONE


def test_a_sweep_given_up_by_one_goes_on_while_another_looks_and_no_longer(jobs, model, spec):
    with Brake(model, at=3) as brake:
        job = jobs.ask(SweepTask(spec()))
        assert jobs.ask(SweepTask(spec())) is job
        assert brake.reached.wait(WAIT)
        jobs.release(job)  # the other's tab may have been closed
        job._until -= 2 * PATIENCE
        assert job.can_be_shared
    assert job.wait(WAIT)
    assert job.state is JobState.CANCELLED

    with Brake(model, at=3) as brake:
        job = jobs.ask(SweepTask(spec()))
        assert jobs.ask(SweepTask(spec())) is job
        assert brake.reached.wait(WAIT)
        jobs.release(job)
        job._until -= 2 * PATIENCE
        job.keep_alive()
    assert job.wait(WAIT)
    assert job.state is JobState.DONE


def test_a_sweep_that_nobody_has_given_up_needs_no_looks(jobs, spec):
    job = jobs.ask(SweepTask(spec()))
    job.keep_alive()
    assert job._until is None
    assert job.wait(WAIT)


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("core.jobs.job.time.monotonic", lambda: now[0])
    return now


def test_time_left_is_extrapolated_from_the_stage_it_is_at(spec, clock):
    job = Job(key_of(spec()), SweepTask(spec()))
    job.enter(JobState.RUNNING, "Estimating")
    job.report("Estimating", 0.9)
    job.report("Ablating", 0.0)  # another stage: its pace is its own
    assert job.seconds_left is None
    clock[0] += 4
    job.report("Ablating", 0.25)
    assert job.seconds_left == pytest.approx(12.0)
    assert job.progress_text == "Ablating · about 12 s left"
    clock[0] += 4
    job.report("Ablating", 0.5)
    assert job.seconds_left == pytest.approx(8.0)
    job.report("Ablating whole layers", None)
    assert job.seconds_left is None
    assert job.progress_text == "Ablating whole layers"


def test_time_left_is_not_told_from_a_moment_or_a_trifle(spec, clock):
    job = Job(key_of(spec()), SweepTask(spec()))
    job.enter(JobState.RUNNING, "Ablating")
    job.report("Ablating", 0.0)
    clock[0] += 0.1
    job.report("Ablating", 0.5)
    assert job.seconds_left is None
    clock[0] += 60
    job.report("Ablating", 0.01)  # it went back: another stage of the same name
    assert job.seconds_left is None


def test_a_job_in_no_queue_has_no_place(spec):
    job = Job(key_of(spec()), SweepTask(spec()))
    assert job.standing() is None
    job.state, job.standing = JobState.WAITING, lambda: Standing(0, None)
    job.stage = "Waiting for its turn"
    assert job.progress_text == "Waiting for its turn"  # it is next
