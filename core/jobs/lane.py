"""A device's queue and its one worker: first come, first served, what is looked at in between."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from core.jobs.job import Job, JobState, Standing, nothing
from core.jobs.perform import fail
from core.jobs.task import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.model.loaded import LoadedModel

    Waiting = tuple[Turn, int, Job, LoadedModel]
    """By their turns, and then in the order asked: (turn, number, job, model)."""

_log = logging.getLogger(__name__)

SILENT_AFTER = 600.0
"""Seconds without a step after which a worker counts as stuck: the longest step, a chunk of the
largest model on a slow machine, takes about a minute."""
REMEMBERED = 8
"""Jobs whose time says how long the next will take."""


class Lane:
    """What waits for one device, and the one thread that does it by `do(job, model)`.

    Nothing that `do` raises ends the thread; should it end all the same, the next job starts
    another.
    """

    def __init__(self, device: str, do: "Callable[[Job, LoadedModel], None]") -> None:
        self._do = do
        self._waiting: queue.PriorityQueue[Waiting] = queue.PriorityQueue()
        self._running: Job | None = None
        self._doing: Job | None = None
        self._took: deque[float] = deque(maxlen=REMEMBERED)
        self._device = device
        self._starting = threading.Lock()
        self._worker = self._started()

    def put(self, job: Job, model: "LoadedModel") -> None:
        """Queue a job."""
        job.standing = lambda: self._standing(job)
        self._waiting.put((job.turn, job.number, job, model))
        self.revive()

    def revive(self) -> None:
        """Start another worker where the last one has ended, so that what waits is done."""
        with self._starting:
            if not self._worker.is_alive():
                _log.error("The worker of %s had ended; another goes on", self._device)
                self._running = self._doing = None
                self._worker = self._started()

    def trouble(self) -> str | None:
        """What is wrong with the worker, as a sentence for an operator; None where nothing is."""
        job = self._doing
        if not self._worker.is_alive():
            return f"The worker of {self._device} has ended: restart Headsweep."
        if job is None:
            return None
        silent = time.monotonic() - job.last_step
        if silent < SILENT_AFTER:
            return None
        return (
            f"The worker of {self._device} has given no sign for {silent / 60:.0f} minutes: "
            "restart Headsweep."
        )

    def _started(self) -> threading.Thread:
        worker = threading.Thread(target=self._work, daemon=True, name=f"sweep-{self._device}")
        worker.start()
        return worker

    def _standing(self, job: Job) -> Standing:
        """Where a waiting job stands."""
        with self._waiting.mutex:
            before = [
                each
                for turn, number, each, _ in self._waiting.queue
                if turn is Turn.LONG and number < job.number and each.state is JobState.WAITING
            ]
        running = self._running
        typical = sum(self._took) / len(self._took) if self._took else None
        if running is None or running is job:
            return Standing(len(before), None if typical is None else typical * len(before))
        left = running.seconds_left or typical
        known = left is not None and (typical is not None or not before)
        seconds = (left or 0.0) + (typical or 0.0) * len(before) if known else None
        return Standing(len(before) + 1, seconds)

    def _work(self) -> None:
        while True:
            self._one(*self._waiting.get()[2:])

    def _one(self, job: Job, model: "LoadedModel") -> None:
        with self._timed(job) if job.turn is Turn.LONG else nullcontext():
            self._safely(job, model)

    def _safely(self, job: Job, model: "LoadedModel") -> None:
        """Do a job; it has ended afterwards, whatever is raised."""
        outer, self._doing = self._doing, job
        job.last_step = time.monotonic()  # it may have waited for long
        job.between = partial(self._let_through, job.turn)
        try:
            self._do(job, model)
        except BaseException as error:
            fail(job, error)
        finally:
            self._doing = outer
            job.between = nothing

    def _let_through(self, turn: Turn) -> None:
        """Do what waits and comes before that turn, between two steps of a job that has it."""
        while (waiting := self._next_before(turn)) is not None:
            self._safely(*waiting[2:])

    def _next_before(self, turn: Turn) -> "Waiting | None":
        """The next job of an earlier turn, taken out; None where none waits."""
        with self._waiting.mutex:
            # A heap's first is its least; only this lane's own thread takes anything out.
            if not self._waiting.queue or self._waiting.queue[0][0] >= turn:
                return None
        return self._waiting.get_nowait()

    @contextmanager
    def _timed(self, job: Job) -> "Iterator[None]":
        self._running, began = job, time.monotonic()
        try:
            yield
        finally:
            self._running = None
            if job.state is JobState.DONE:
                self._took.append(time.monotonic() - began)
