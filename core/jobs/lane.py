"""A device's queue and its one worker: first come, first served, quick work in between."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.jobs.job import Job, JobState, Standing, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.model.loaded import LoadedModel

    Waiting = tuple[bool, int, Job, LoadedModel]
    """Quick tasks first, then in the order asked: (long, number, job, model)."""

REMEMBERED = 8
"""Jobs whose time says how long the next will take."""


class Lane:
    """What waits for one device. `do(job, model)` does a job and never raises."""

    def __init__(self, device: str, do: "Callable[[Job, LoadedModel], None]") -> None:
        self._do = do
        self._waiting: queue.PriorityQueue[Waiting] = queue.PriorityQueue()
        self._running: Job | None = None
        self._took: deque[float] = deque(maxlen=REMEMBERED)
        name = f"sweep-{device}"
        threading.Thread(target=self._work, daemon=True, name=name).start()

    def put(self, job: Job, model: "LoadedModel") -> None:
        """Queue a job."""
        job.standing = lambda: self._standing(job)
        self._waiting.put((not job.quick, job.number, job, model))

    def _standing(self, job: Job) -> Standing:
        """Where a waiting job stands."""
        with self._waiting.mutex:
            before = [
                each
                for long, number, each, _ in self._waiting.queue
                if long and number < job.number and each.state is JobState.WAITING
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
        if job.quick:
            self._do(job, model)
            return
        job.between = self._let_through
        with self._timed(job):
            self._do(job, model)
        job.between = nothing

    def _let_through(self) -> None:
        """Do the quick jobs that wait, between two steps of a long one."""
        while (waiting := self._next_quick()) is not None:
            self._do(*waiting[2:])

    def _next_quick(self) -> "Waiting | None":
        """The next quick job, taken out; None where a long one is next, or none."""
        with self._waiting.mutex:
            # A heap's first is its least; only this lane's own thread takes anything out.
            if not self._waiting.queue or self._waiting.queue[0][0]:
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
