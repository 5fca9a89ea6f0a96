"""One job a slot: what is asked anew gives up what is stale, what nobody asks for is given up."""

import threading
from dataclasses import dataclass

import pytest
from support.checkpoints import TEXT, build
from support.jobs import ended

from components.state.tab_tasks import TabTasks
from core import SweepSpec, load_model, run_sweep
from core.circuits.tasks import MeasureDirectEffect
from core.demo import example
from core.jobs import JobState
from core.jobs.task import OnSpec, Step
from core.spec.heads import Head

LET_GO = threading.Event()


@dataclass(frozen=True)
class Endless(OnSpec):
    """Work that goes on until it is stopped."""

    name: str

    @property
    def description(self):
        return self.name

    def work(self, model):
        while not LET_GO.is_set():
            yield Step(None)
        return self.name


@pytest.fixture
def tasks():
    LET_GO.clear()
    made = TabTasks()
    yield made
    LET_GO.set()
    for slot in list(made.jobs):
        made.forget(slot)


def endless(name):
    return Endless(example.SPEC, name)


@pytest.mark.slow
def test_the_same_task_keeps_its_job_and_another_gives_it_up(tasks):
    first = tasks.ask("view", endless("one"))
    assert tasks.ask("view", endless("one")) is first
    assert tasks.waits("view")
    second = tasks.ask("view", endless("two"))
    assert second is not first
    ended(first, JobState.CANCELLED)
    assert tasks.ask("other", endless("three")) is not second
    assert tasks.waits("view"), "another slot gives up nothing"


@pytest.mark.slow
def test_what_a_run_has_not_asked_for_is_given_up_but_for_what_is_kept(tasks):
    long = tasks.ask("view", endless("map"))
    search = tasks.ask("search", endless("search"))
    tasks.forget_unrequested(kept=("search",))
    assert tasks.waits("view"), "it was asked for in this run"
    tasks.forget_unrequested(kept=("search",))
    ended(long, JobState.CANCELLED)
    assert "view" not in tasks.jobs
    assert not search.state.final


def test_stopped_work_stays_stopped_until_it_is_asked_for_again(tasks):
    job = tasks.ask("view", endless("one"))
    tasks.stop("view")
    ended(job, JobState.CANCELLED)
    assert tasks.was_stopped("view")
    assert tasks.ask("view", endless("one")) is job
    tasks.forget("view")
    assert not tasks.was_stopped("view")
    assert tasks.ask("view", endless("one")) is not job


def test_work_that_no_tab_looks_at_ends_by_itself(tasks):
    job = tasks.ask("view", endless("one"))
    job._until = 0.0  # as if the tab had been closed long ago
    ended(job, JobState.CANCELLED)
    assert tasks.was_stopped("view")


@pytest.mark.slow
def test_a_folder_whose_files_have_changed_is_asked_anew(tasks, tmp_path):
    folder = tmp_path / "mine"
    build("gpt2", folder)
    head = Head(0, 1)
    spec = SweepSpec(str(folder), TEXT, " jumps", prepend_bos=True, weights="raw")
    before = tasks.ask("trace", MeasureDirectEffect(spec, head))
    ended(before, JobState.DONE)
    assert tasks.ask("trace", MeasureDirectEffect(spec, head)) is before

    build("gpt2", folder, seed=1)
    after = tasks.ask("trace", MeasureDirectEffect(spec, head))
    assert after is not before
    ended(after, JobState.DONE)
    effect = run_sweep(load_model(str(folder), weights="raw"), spec).effect(head)
    assert after.output[0].total == pytest.approx(effect.logprob_change, abs=1e-4)
    assert before.output[0].total != pytest.approx(effect.logprob_change, abs=1e-2)
