"""`Job`: one request, its state, what it has found so far, and how long it may still take."""

import itertools
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from core.checkpoints.registry import ModelKey
from core.errors import Cancelled, InputError
from core.jobs.task import Task, Turn
from core.text.numbers import duration

PATIENCE = 180.0
"""Seconds for which unfinished work goes on though no tab looks: a browser lets a hidden tab look
once a minute; one that was closed never looks again."""
TOLD_AFTER = 0.7
"""Seconds of progress that a time left is extrapolated from at least."""
TOLD_SHARE = 0.04
"""The share of the work that it is extrapolated from at least."""

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


class Standing(NamedTuple):
    """A waiting job's place: how much is done before it, and (None: not known) for how long."""

    ahead: int
    seconds: float | None


class Job:
    """One request for a task, or (None) for a model alone. Safe to read from any thread.

    `output` is what its task has found, so far or at last. `fingerprint` is that of the model it
    was done on; `run_id` names what is kept of it in the store, and `created` says when that was
    finished, if it was before this process. One that is `pinned` is never forgotten. `between` is
    called at every step: where the job is long, it lets quick ones through. `standing` says, while
    the job waits, where in its queue it is. `last_step` is the moment, on the
    monotonic clock, at which it last said what it does.
    """

    def __init__(self, key: ModelKey, task: Task | None) -> None:
        self.number = next(_numbers)
        self.key, self.task = key, task
        self.output: Any = None
        self.state = JobState.LOADING
        self.stage = f"Loading {key.name}"
        self.fraction: float | None = None
        self.error: InputError | None = None
        self.askers = 0
        self.pinned = False
        self.fingerprint: str | None = None
        self.run_id: str | None = None
        self.created: float | None = None
        self.between: Callable[[], None] = nothing
        self.standing: Callable[[], Standing | None] = no_standing
        self.last_step = time.monotonic()
        self._mark: tuple[float, float] | None = None
        self._until: float | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._turn = threading.Lock()

    @property
    def turn(self) -> Turn:
        """Between whose steps it is done."""
        return Turn.LONG if self.task is None else self.task.turn

    @property
    def can_be_shared(self) -> bool:
        """Whether another who asks for the same may share it."""
        return self.state not in {JobState.FAILED, JobState.CANCELLED} and not self._stop.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Of the stage it is at, from its pace so far; None while there is no telling."""
        mark, fraction = self._mark, self.fraction
        if self.state is not JobState.RUNNING or mark is None or fraction is None:
            return None
        began, share = mark
        took = time.monotonic() - began
        if took < TOLD_AFTER or fraction - share < TOLD_SHARE:
            return None
        return took * (1 - fraction) / (fraction - share)

    @property
    def progress_text(self) -> str:
        """What it is doing, with its place in the queue or the time left."""
        standing = self.standing() if self.state is JobState.WAITING else None
        if standing is not None and standing.ahead:
            about = "" if standing.seconds is None else f", about {duration(standing.seconds)}"
            return f"{self.stage}: {standing.ahead} ahead{about}"
        left = self.seconds_left
        return self.stage if left is None else f"{self.stage} · about {duration(left)} left"

    def cancel(self) -> None:
        """Ask the job to stop after the step it is at; what it has found stays.

        One that is waiting for its turn ends at once.
        """
        with self._turn:
            self._stop.set()
            if self.state is JobState.WAITING:
                self.end(JobState.CANCELLED)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the job has ended; False if `timeout` seconds passed first."""
        return self._ended.wait(timeout)

    def keep_alive_for(self, seconds: float) -> None:
        """Somebody looks: give up unless somebody does again within so many seconds.

        Jobs that nobody has called this on are done whether they are looked at or not.
        """
        self._until = max(self._until or 0.0, time.monotonic() + seconds)

    def keep_alive(self) -> None:
        """Somebody still looks: a job that another has given up goes on for them."""
        if self._until is not None:
            self.keep_alive_for(PATIENCE)

    def report(self, stage: str, fraction: float | None) -> None:
        """Record progress; raises `Cancelled` if a stop was asked for."""
        self._record(stage, fraction)
        self.between()

    def _record(self, stage: str, fraction: float | None) -> None:
        self.last_step = time.monotonic()
        if self._stop.is_set() or (self._until is not None and time.monotonic() > self._until):
            self._stop.set()
            raise Cancelled
        if fraction is None:
            self._mark = None
        elif self._mark is None or fraction < (self.fraction or 0.0):  # another stage begins
            self._mark = (time.monotonic(), fraction)
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


def nothing() -> None:
    """What lies between the steps of a quick job."""


def no_standing() -> Standing | None:
    """The place of a job that is in no queue."""
    return None
