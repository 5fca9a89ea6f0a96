"""The tasks that one tab waits for: one a slot, so that asking anew gives up what is stale."""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from core.jobs import JOBS, PATIENCE, Job, JobState
from core.jobs.task import Task


@dataclass
class TabTasks:
    """Jobs by slot. `drawn` is what of each is on screen; `stopped` are those given up by hand;
    `requested_this_run` are the slots that the run under way has asked for.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    requested_this_run: set[str] = field(default_factory=set)

    def begin_run(self) -> None:
        """A page's run begins: it has asked for nothing yet."""
        self.requested_this_run.clear()

    def ask(self, slot: str, task: Task) -> Job:
        """The job of a task; one that was stopped or has failed stays so until `again`."""
        self.requested_this_run.add(slot)
        job = self.jobs.get(slot)
        # An equal task on a folder whose files have changed has another key.
        if job is None or job.task != task or job.key != task.key("auto"):
            self.forget(slot)
            job = self.jobs[slot] = JOBS.ask(task)
        job.keep_alive_for(PATIENCE)
        return job

    def forget_unrequested(self, kept: Container[str]) -> None:
        """At the end of a page's run: give up what it has not asked for, but for `kept`.

        A map of the whole model would else go on when its view is left, with no way to stop it.
        """
        for slot in self.jobs.keys() - self.requested_this_run:
            if slot not in kept:
                self.forget(slot)
        self.requested_this_run.clear()

    def stop(self, slot: str) -> None:
        """Give up a slot's unfinished job; what it has found stays."""
        job = self.jobs.get(slot)
        if job is not None and not job.state.final and slot not in self.stopped:
            self.stopped.add(slot)
            JOBS.release(job)

    def forget(self, slot: str) -> None:
        """Empty a slot, so that its task is asked for anew."""
        self.stop(slot)
        self.jobs.pop(slot, None)
        self.drawn.pop(slot, None)
        self.stopped.discard(slot)

    def draw(self, slot: str) -> Any | None:
        """What a slot's job has found until now, which is put on screen."""
        self.drawn[slot] = found = self.jobs[slot].output
        return found

    def has_news(self, slot: str) -> bool:
        """Whether a slot's job has found more than is on screen."""
        job = self.jobs.get(slot)
        return job is not None and job.output is not self.drawn.get(slot)

    def output(self, slot: str) -> Any | None:
        """What a slot's finished job has found."""
        job = self.jobs.get(slot)
        return job.output if job is not None and job.state is JobState.DONE else None

    def waits(self, slot: str) -> bool:
        """Whether a slot's job is still to end."""
        return self.unfinished(slot) is not None

    def unfinished(self, slot: str) -> Job | None:
        """A slot's job that is still to end."""
        job = self.jobs.get(slot)
        waited = job is not None and not job.state.final and slot not in self.stopped
        return job if waited else None

    def was_stopped(self, slot: str) -> bool:
        """Whether a slot's job was given up before its end."""
        job = self.jobs.get(slot)
        if job is None or job.state is JobState.DONE:
            return False
        return slot in self.stopped or job.state is JobState.CANCELLED
