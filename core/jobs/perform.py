"""Doing a job on its model: a task, or a sweep with its estimate before and its layer effects
after.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from core.errors import Cancelled, InputError, is_memory_error
from core.jobs.job import Job, JobState
from core.jobs.task import Task
from core.progress import run_to_end
from core.store.keeper import Keeper

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel

_log = logging.getLogger(__name__)


def do(job: Job, model: "LoadedModel", keeper: Keeper | None) -> None:
    """Do a job; however that ends is its final state. A finished sweep is kept."""
    with outcome(job):
        if job.task is not None:
            _perform(job, job.task, model)
        else:
            _sweep(job, model, keeper)


@contextmanager
def outcome(job: Job) -> Iterator[None]:
    """Turns however a job's work ends into the job's final state; a worker never dies of a job."""
    try:
        yield
    except Cancelled:
        job.end(JobState.CANCELLED)
    except InputError as error:
        # Not the error itself: its traceback would keep the model and a pass's tensors alive.
        job.end(JobState.FAILED, InputError(error.field, str(error)))
    except Exception as error:
        _log.error("Job %d failed", job.number, exc_info=error)
        job.end(JobState.FAILED, InputError("run", _sentence(error)))


def _perform(job: Job, task: Task, model: "LoadedModel") -> None:
    job.enter(JobState.RUNNING, task.said)
    work = task.work(model)
    while True:
        try:
            step = next(work)
        except StopIteration as finished:
            job.found = finished.value
            job.end(JobState.DONE)
            return
        if step.partial is not None:
            job.found = step.partial
        job.report(task.said, step.fraction)


def _sweep(job: Job, model: "LoadedModel", keeper: Keeper | None) -> None:
    """The estimate where the sweep is long, then the sweep, then its layer effects."""
    from core.results.layer_effects import marked_heads
    from core.sweep.estimate.preview import PREVIEW_SECONDS, preview
    from core.sweep.layer_sweep import iter_layer_effects
    from core.sweep.scorer import Scorer
    from core.sweep.sweep import sweep_with_progress

    assert job.spec is not None
    job.enter(JobState.RUNNING, "Estimating every head")
    scorer, measuring = Scorer(model, job.spec), "Measuring what replaces a head"
    with _beside_the_point("estimate"):
        job.estimate = preview(scorer, PREVIEW_SECONDS, lambda done: job.report(measuring, done))
    for partial, fraction in sweep_with_progress(scorer):
        job.partial = partial
        done, total = len(partial.heads), partial.shape[0] * partial.shape[1]
        said = measuring if fraction is None else "Ablating heads"
        if keeper is not None and partial.complete:  # at once: the layer effects may take long
            job.run_id = keeper.keep(partial)
        job.report(f"{said}: {done} of {total} done" if done else said, fraction)
    assert job.partial is not None
    with _beside_the_point("margins"), suppress(Cancelled):  # the sweep itself is finished
        layer_effects = iter_layer_effects(scorer, marked_heads(job.partial))
        job.layer_effects = run_to_end(
            layer_effects, lambda done: job.report("Ablating whole layers", done)
        )
        if keeper is not None:
            keeper.add_layer_effects(job.partial, job.layer_effects)
    job.end(JobState.DONE)


@contextmanager
def _beside_the_point(what: str) -> Iterator[None]:
    """Without estimate or layer effects a sweep is still a sweep; bad input stays an error."""
    try:
        yield
    except (Cancelled, InputError):
        raise
    except Exception as error:
        _log.error("No %s", what, exc_info=error)


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    if is_memory_error(error):
        return "Not enough memory for this: shorten the prompt or choose a smaller model."
    return f"The work stopped unexpectedly ({type(error).__name__}: {text}). Please report this."
