"""Doing a job's task on its model; whatever comes of that is the job's final state."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from core.errors import Cancelled, InputError, is_memory_error
from core.jobs.job import Job, JobState
from core.jobs.task import Task
from core.store.keeper import Keeper

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel

_log = logging.getLogger(__name__)


def do(job: Job, model: "LoadedModel", keeper: Keeper | None) -> None:
    """Do a job; however that ends is its final state. What is to be kept is, as soon as it can."""
    with outcome(job):
        assert job.task is not None
        _perform(job, job.task, model, keeper)


@contextmanager
def outcome(job: Job) -> Iterator[None]:
    """Turns however a job's work ends into the job's final state; a worker never dies of a job.

    Errors of any class do so: native code, such as a tokenizer's, raises some that are no
    `Exception` when it panics.
    """
    try:
        yield
    except Cancelled:
        job.end(JobState.CANCELLED)
    except InputError as error:
        # Not the error itself: its traceback would keep the model and a pass's tensors alive.
        job.end(JobState.FAILED, InputError(error.field, str(error)))
    except BaseException as error:
        fail(job, error)


def fail(job: Job, error: BaseException) -> None:
    """End a job with an error that nobody foresaw: whole in the log, a sentence for the user."""
    with suppress(BaseException):  # a log that cannot be written is no reason to leave it open
        _log.error("Job %d failed", job.number, exc_info=error)
    job.end(JobState.FAILED, InputError("run", _sentence(error)))


def _perform(job: Job, task: Task, model: "LoadedModel", keeper: Keeper | None) -> None:
    job.enter(JobState.RUNNING, task.description)
    work = task.work(model)
    stopped: Cancelled | None = None
    while True:
        try:
            step = next(work) if stopped is None else work.throw(stopped)
        except StopIteration as finished:
            _take(job, task, finished.value, keeper)
            job.end(JobState.DONE)
            return
        if step.partial is not None:
            _take(job, task, step.partial, keeper)
        stopped = None
        try:
            job.report(step.description or task.description, step.fraction)
        except Cancelled as error:  # told to the work where it stands: it may be as good as done
            stopped = error


def _take(job: Job, task: Task, found: Any, keeper: Keeper | None) -> None:
    before, job.output = job.output, found
    if keeper is not None and found is not before:
        job.run_id = task.keep(keeper, found, before, job.fingerprint) or job.run_id


def _sentence(error: BaseException) -> str:
    try:
        text, of_memory = " ".join(str(error).split())[:200], is_memory_error(error)
    except BaseException:  # an error's own text may be what is broken
        text, of_memory = "without a word", False
    if of_memory:
        return "Not enough memory for this: shorten the prompt or choose a smaller model."
    return f"The work stopped unexpectedly ({type(error).__name__}: {text}). Please report this."
