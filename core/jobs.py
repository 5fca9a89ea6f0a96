"""Jobs: sweeps and other tasks, done by one worker a device, with progress and cancel.

Callers hand over names and specs, never live models, so that the same call can later go to
another machine. Loading happens on a thread of its own: a long download holds nobody else up.
"""

import itertools
import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core.errors import Cancelled, InputError, is_memory_error
from core.models.registry import MODELS, ModelKey, Registry, key_of
from core.progress import drained
from core.results import SweepResult
from core.spec import SweepSpec
from core.tasks import Task

if TYPE_CHECKING:
    from core.estimates.attribution import Estimate
    from core.margins import Margins
    from core.models.loaded import LoadedModel

    Waiting = tuple[bool, int, "Job", LoadedModel]
    Lane = queue.PriorityQueue[Waiting]
    """Quick tasks first, then in the order asked: (long, number, job, model)."""

Request = SweepSpec | Task | None
"""A sweep, a task, or (None) a model alone."""

MAX_KEPT = 256
"""Finished jobs kept in memory; a result of GPT-2's shape is about 300 kB."""
MAX_TASKS_KEPT = 48
"""Of them tasks: an attention pattern over 1,024 tokens is 4 MB, a map of a model 8 MB."""

_log = logging.getLogger(__name__)
_numbers = itertools.count(1)


class JobState(StrEnum):
    """Where a job is in its life; the last three are final."""

    LOADING = "loading"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


class Job:
    """One request for a sweep, a task, or a model alone. Safe to read from any thread.

    `partial`, `estimate` and `margins` are a sweep's; `found` is a task's, so far or at last.
    `fingerprint` is that of the model it was done on. `between` is called at every step: where
    the job is long, it lets quick ones through.
    """

    def __init__(self, key: ModelKey, request: Request) -> None:
        self.number = next(_numbers)
        self.key, self.request = key, request
        self.spec = request if isinstance(request, SweepSpec) else None
        self.task = request if isinstance(request, Task) else None
        self.found: Any = None
        self.state = JobState.LOADING
        self.stage = f"Loading {key.name}"
        self.fraction: float | None = None
        self.partial: SweepResult | None = None
        self.estimate: Estimate | None = None
        self.margins: Margins | None = None
        self.error: InputError | None = None
        self.askers = 0
        self.fingerprint: str | None = None
        self.between: Callable[[], None] = _nothing
        self._until: float | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._turn = threading.Lock()

    @property
    def result(self) -> SweepResult | None:
        """The finished sweep; None before the end, and for a job that loads a model only."""
        return self.partial if self.state is JobState.DONE else None

    @property
    def quick(self) -> bool:
        """Whether it may be done between two steps of a long one."""
        return self.task is not None and self.task.quick

    def cancel(self) -> None:
        """Ask the job to stop after the step it is at; what is finished stays in `partial`.

        One that is waiting for its turn ends at once.
        """
        with self._turn:
            self._stop.set()
            if self.state is JobState.WAITING:
                self.end(JobState.CANCELLED)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the job has ended; False if `timeout` seconds passed first."""
        return self._ended.wait(timeout)

    def wait_for(self, seconds: float) -> None:
        """Somebody looks: give up unless somebody does again within so many seconds.

        Jobs that nobody has called this on are done whether they are looked at or not.
        """
        self._until = max(self._until or 0.0, time.monotonic() + seconds)

    def report(self, stage: str, fraction: float | None) -> None:
        """Record progress; raises `Cancelled` if a stop was asked for."""
        self._record(stage, fraction)
        self.between()

    def _record(self, stage: str, fraction: float | None) -> None:
        if self._stop.is_set() or (self._until is not None and time.monotonic() > self._until):
            self._stop.set()
            raise Cancelled
        self.stage, self.fraction = stage, fraction

    def enter(self, state: JobState, stage: str) -> None:
        """Go on to the next part of its life; raises `Cancelled` if a stop was asked for."""
        with self._turn:
            self._record(stage, None)
            self.state = state
        self.between()

    def end(self, state: JobState, error: InputError | None = None) -> None:
        """Enter a final state."""
        self.error = error
        self.state = state
        self._ended.set()


class Jobs:
    """The jobs of one process: equal requests share a job, finished ones are kept."""

    def __init__(self, models: Registry = MODELS, max_kept: int = MAX_KEPT) -> None:
        self._models, self._max_kept = models, max_kept
        self._jobs: OrderedDict[tuple[ModelKey, Request], Job] = OrderedDict()
        self._queues: dict[str, Lane] = {}
        self._guard = threading.Lock()

    def submit(self, spec: SweepSpec, device: str = "auto") -> Job:
        """A job for a sweep; one already running or finished for the same spec is returned."""
        return self._submit(key_of(spec, device), spec)

    def ask(self, task: Task, device: str = "auto") -> Job:
        """A job for a task; one already running or finished for an equal task is returned."""
        return self._submit(task.key(device), task)

    def load(self, key: ModelKey) -> Job:
        """A job that only loads a model."""
        return self._submit(key, None)

    def find(self, spec: SweepSpec, device: str = "auto") -> Job | None:
        """The live or finished job of a spec, without starting one; None if there is none."""
        with self._guard:
            job = self._jobs.get((key_of(spec, device), spec))
        return job if job is not None and _usable(job) else None

    def release(self, job: Job) -> None:
        """One of those who asked for a job no longer wants it; the last one's leave cancels it."""
        with self._guard:
            job.askers -= 1
            if job.askers <= 0 and not job.state.final:
                job.cancel()

    def _submit(self, key: ModelKey, request: Request) -> Job:
        with self._guard:
            job = self._jobs.get((key, request))
            if job is not None and _usable(job) and not self._outlived(job):
                self._jobs.move_to_end((key, request))
                job.askers += 1
                return job
            job = self._jobs[key, request] = Job(key, request)
            job.askers = 1
            self._forget()
        threading.Thread(target=self._load, args=(job,), daemon=True, name="load").start()
        return job

    def _outlived(self, job: Job) -> bool:
        """Whether a finished job's model is not the one of that name any more.

        It has had to make room for others, which matters to a load, or its files have changed.
        """
        if job.state is not JobState.DONE:
            return False
        model = self._models.peek(job.key)
        if model is None:
            return job.request is None
        return job.fingerprint != model.fingerprint

    def _forget(self) -> None:
        finished = {name: job for name, job in self._jobs.items() if job.state.final}
        tasks = [name for name, job in finished.items() if job.task is not None]
        for name in tasks[: max(0, len(tasks) - MAX_TASKS_KEPT)]:
            del self._jobs[name], finished[name]
        for name in list(finished)[: max(0, len(self._jobs) - self._max_kept)]:
            del self._jobs[name]

    def _load(self, job: Job) -> None:
        with _outcome(job):
            model = self._models.get(job.key, job.report)
            job.fingerprint = model.fingerprint
            if job.request is None:
                job.end(JobState.DONE)
                return
            job.enter(JobState.WAITING, "Waiting for its turn")
            self._lane(model.device).put((not job.quick, job.number, job, model))

    def _lane(self, device: str) -> "Lane":
        with self._guard:
            lane = self._queues.get(device)
            if lane is None:
                lane = self._queues[device] = queue.PriorityQueue()
                threading.Thread(
                    target=self._work, args=(lane,), daemon=True, name=f"sweep-{device}"
                ).start()
            return lane

    def _work(self, lane: "Lane") -> None:
        while True:
            self._do(*lane.get()[2:], lane)

    def _do(self, job: Job, model: "LoadedModel", lane: "Lane") -> None:
        if not job.quick:
            job.between = lambda: self._let_through(lane)
        with _outcome(job):
            if job.task is None:
                self._sweep(job, model)
            else:
                self._perform(job, job.task, model)
        job.between = _nothing

    def _let_through(self, lane: "Lane") -> None:
        """Do the quick jobs that wait, between two steps of a long one."""
        while (waiting := _quick(lane)) is not None:
            self._do(*waiting[2:], lane)

    def _perform(self, job: Job, task: Task, model: "LoadedModel") -> None:
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

    def _sweep(self, job: Job, model: "LoadedModel") -> None:
        """The estimate where the sweep is long, then the sweep, then its margins."""
        from core.estimates.preview import PREVIEW_SECONDS, preview
        from core.margin_sweep import iter_margins
        from core.margins import marked_heads
        from core.scoring import Scorer
        from core.sweep import with_progress

        assert job.spec is not None
        job.enter(JobState.RUNNING, "Estimating every head")
        scorer, measuring = Scorer(model, job.spec), "Measuring what replaces a head"
        with _beside_the_point("estimate"):
            job.estimate = preview(
                scorer, PREVIEW_SECONDS, lambda done: job.report(measuring, done)
            )
        for partial, fraction in with_progress(scorer):
            job.partial = partial
            done, total = len(partial.heads), partial.shape[0] * partial.shape[1]
            said = measuring if fraction is None else "Ablating heads"
            job.report(f"{said}: {done} of {total} done" if done else said, fraction)
        assert job.partial is not None
        with _beside_the_point("margins"), suppress(Cancelled):  # the sweep itself is finished
            margins = iter_margins(scorer, marked_heads(job.partial))
            job.margins = drained(margins, lambda done: job.report("Ablating whole layers", done))
        job.end(JobState.DONE)


@contextmanager
def _beside_the_point(what: str) -> Iterator[None]:
    """Without its estimate or its margins a sweep is still a sweep; bad input stays an error."""
    try:
        yield
    except (Cancelled, InputError):
        raise
    except Exception as error:
        _log.error("No %s", what, exc_info=error)


class _outcome:  # noqa: N801  # reads as a noun where it is used
    """Turns however a job's work ends into the job's final state; a worker never dies of a job."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None:
            return False
        if isinstance(error, Cancelled):
            self._job.end(JobState.CANCELLED)
        elif isinstance(error, InputError):
            # Not the error itself: its traceback would keep the model and a pass's tensors alive.
            self._job.end(JobState.FAILED, InputError(error.field, str(error)))
        elif isinstance(error, Exception):
            _log.error("Job %d failed", self._job.number, exc_info=error)
            self._job.end(JobState.FAILED, InputError("run", _sentence(error)))
        else:
            return False
        return True


def _nothing() -> None:
    """What lies between the steps of a quick job."""


def _quick(lane: "Lane") -> "Waiting | None":
    """The next quick job of a lane, taken out; None where a long one is next, or none."""
    with lane.mutex:
        # A heap's first is its least; only this lane's own thread takes anything out.
        if not lane.queue or lane.queue[0][0]:
            return None
    return lane.get_nowait()


def _usable(job: Job) -> bool:
    return job.state not in {JobState.FAILED, JobState.CANCELLED} and not job._stop.is_set()


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    if is_memory_error(error):
        return "Not enough memory for this: shorten the prompt or choose a smaller model."
    return f"The work stopped unexpectedly ({type(error).__name__}: {text}). Please report this."


JOBS = Jobs()
"""This process's jobs."""
