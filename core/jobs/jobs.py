"""`Jobs`: equal requests share a job, finished ones are kept, and the queue has an end.

Loading happens on a thread of its own: a long download holds nobody else up.
"""

import threading
from collections import OrderedDict

from core.checkpoints import catalogue
from core.checkpoints.fingerprint import local_fingerprint
from core.checkpoints.permitted import EMBEDDED
from core.checkpoints.registry import MODELS, ModelKey, Registry
from core.errors import InputError
from core.jobs.job import PATIENCE, Job, JobState
from core.jobs.lane import Lane
from core.jobs.perform import do, outcome
from core.jobs.task import Recalled, Task
from core.settings import settings
from core.store.keeper import KEEPER, Keeper

MAX_KEPT = 64
"""Finished jobs kept in memory; a result of GPT-2's shape is about 300 kB. All are in the store."""
MAX_TASKS_KEPT = 24
"""Of them large ones: an attention pattern over 1,024 tokens is 4 MB, a map of a model 8 MB."""


class Jobs:
    """The jobs of one process. `keeper` has what others have found, and gets what is kept here."""

    def __init__(
        self,
        models: Registry = MODELS,
        max_kept: int = MAX_KEPT,
        keeper: Keeper | None = None,
        max_queue: int | None = None,
    ) -> None:
        self._models, self._max_kept, self._keeper = models, max_kept, keeper
        self._max_queue = max_queue
        self._jobs: OrderedDict[tuple[ModelKey, Task | None], Job] = OrderedDict()
        self._lanes: dict[str, Lane] = {}
        self._guard = threading.Lock()

    def ask(self, task: Task, device: str = "auto") -> Job:
        """A job for a task; one already running or finished for an equal task is returned.

        Where the queue is full, the job has failed at once and says so.
        """
        key = task.key(device)
        job = self._submit(key, task, stale=self._of_other_weights(key, task))
        if task.kept and job.state is JobState.DONE and self._keeper is not None:
            # Asked for once more: it is kept again if it was deleted meanwhile.
            threading.Thread(target=self._keep_again, args=(job,), daemon=True).start()
        return job

    def load(self, key: ModelKey) -> Job:
        """A job that only loads a model."""
        return self._submit(key, None)

    def trouble(self) -> str | None:
        """What keeps work from being done, as a sentence for an operator; None where nothing does.

        A worker that has ended, or has given no sign for long.
        """
        with self._guard:
            lanes = list(self._lanes.values())
        return next((said for lane in lanes if (said := lane.trouble()) is not None), None)

    def find(self, task: Task, device: str = "auto") -> Job | None:
        """The live or finished job of a task, without starting one; None if there is none.

        One whose result the store has counts as finished.
        """
        key = task.key(device)
        with self._guard:
            job = self._jobs.get((key, task))
        if job is not None and job.can_be_shared:
            return job
        kept = self._recalled(key, task)
        return None if kept is None else self.admit(task, kept, device)

    def _recalled(self, key: ModelKey, task: Task) -> Recalled | None:
        """What is kept of a task, on the weights that are here where that is known.

        A hub's files stay what they are, and reading gigabytes of them would keep a page waiting:
        without the model loaded the newest result answers, and is checked once it is.
        """
        if self._keeper is None or not task.kept:
            return None
        model = self._models.peek(key)
        if model is None:
            local = catalogue.looks_like_path(key.name)
            return task.recall(self._keeper, local_fingerprint(key.name) if local else None)
        return task.resolved(model).recall(self._keeper, model.fingerprint)

    def admit(
        self, task: Task, kept: Recalled, device: str = "auto", *, pinned: bool = False
    ) -> Job:
        """Take over what is known already as the job of a task; for good where it is `pinned`."""
        job = Job(task.key(device), task)
        job.pinned = pinned
        _finish(job, kept)
        with self._guard:
            self._jobs[job.key, task] = job
            self._forget()
        return job

    def release(self, job: Job) -> None:
        """One of those who asked for a job no longer wants it; the last one's leave cancels it.

        Where others are left, it goes on for as long as one of them looks: their tab may have been
        closed since.
        """
        with self._guard:
            job.askers -= 1
            if job.state.final:
                return
            if job.askers <= 0:
                job.cancel()
            else:
                job.keep_alive_for(PATIENCE)

    def _of_other_weights(self, key: ModelKey, task: Task) -> Job | None:
        """The kept job of a task that was done on other weights than those here.

        Apart from `_outlived`, and without the lock: files may have to be read for it.
        """
        with self._guard:
            job = self._jobs.get((key, task))
        if job is None or job.created is None or self._models.peek(key) is not None:
            return None
        here = local_fingerprint(key.name)
        return job if here is not None and here != job.fingerprint else None

    def _submit(self, key: ModelKey, task: Task | None, stale: Job | None = None) -> Job:
        with self._guard:
            job = self._jobs.get((key, task))
            outlived = job is None or job is stale or not job.can_be_shared or self._outlived(job)
            if job is not None and not outlived:
                self._jobs.move_to_end((key, task))
                job.askers += 1
                return job
            job = Job(key, task)
            job.askers = 1
            if self._is_full(job):
                return job
            self._jobs[key, task] = job
            self._forget()
        threading.Thread(target=self._load, args=(job,), daemon=True, name="load").start()
        return job

    def _is_full(self, job: Job) -> bool:
        """Whether a job finds no room in the queue; it has failed then."""
        most = settings().max_queue if self._max_queue is None else self._max_queue
        if self._takes_no_room(job):
            return False
        waiting = sum(
            not each.state.final and not self._takes_no_room(each) for each in self._jobs.values()
        )
        if waiting < most:
            return False
        message = (
            f"The queue is full: {waiting} sweeps, loads and other computations are waiting here, "
            "and no more are taken. Nothing you typed is lost: try again in a moment."
        )
        job.end(JobState.FAILED, InputError("run", message))
        return True

    def _takes_no_room(self, job: Job) -> bool:
        """Whether a job is over at once, or a part of every start: a load of what is loaded, or of
        the embedded model.
        """
        loads = job.task is None
        return loads and (job.key.name == EMBEDDED or self._models.peek(job.key) is not None)

    def _outlived(self, job: Job) -> bool:
        """Whether a finished job's model is not the one of that name any more.

        It has had to make room for others, which matters to a load, or its files have changed. What
        was kept without all that the work would find is not what is wanted either.
        """
        if job.state is not JobState.DONE:
            return False
        task = job.task
        if job.created is not None and task is not None and not task.is_complete(job.output):
            return True
        model = self._models.peek(job.key)
        if model is None:
            return job.task is None
        return job.fingerprint != model.fingerprint

    def _forget(self) -> None:
        finished = {
            name: job for name, job in self._jobs.items() if job.state.final and not job.pinned
        }
        large = [name for name, job in finished.items() if job.task and job.task.large]
        for name in large[: max(0, len(large) - MAX_TASKS_KEPT)]:
            del self._jobs[name], finished[name]
        for name in list(finished)[: max(0, len(self._jobs) - self._max_kept)]:
            del self._jobs[name]

    def _load(self, job: Job) -> None:
        with outcome(job):
            task = job.task
            if task is not None and self._was_kept(job, task):
                return
            model = self._models.get(job.key, job.report)
            settled = None if task is None else task.resolved(model)
            if settled is not None and settled != task and self._was_kept(job, settled):
                return  # only the model could tell what was left to it
            job.fingerprint = model.fingerprint
            if task is None:
                job.end(JobState.DONE)
                return
            job.enter(JobState.WAITING, "Waiting for its turn")
            self._lane(model.device).put(job, model)

    def _was_kept(self, job: Job, task: Task) -> bool:
        """Whether the store has all that a task finds, on the very weights that would be loaded."""
        if self._keeper is None or not task.kept:
            return False
        model = self._models.peek(job.key)
        weights = local_fingerprint(job.key.name) if model is None else model.fingerprint
        kept = task.recall(self._keeper, weights)
        if kept is None or not task.is_complete(kept.output):
            return False
        _finish(job, kept)
        return True

    def _keep_again(self, job: Job) -> None:
        assert self._keeper is not None
        assert job.task is not None
        job.run_id = job.task.keep(self._keeper, job.output, None, job.fingerprint) or job.run_id

    def _lane(self, device: str) -> Lane:
        with self._guard:
            if device not in self._lanes:
                self._lanes[device] = Lane(device, lambda job, model: do(job, model, self._keeper))
            return self._lanes[device]


def _finish(job: Job, kept: Recalled) -> None:
    job.run_id, job.created = kept.run_id, kept.created
    job.output, job.fingerprint = kept.output, kept.fingerprint
    job.end(JobState.DONE)


JOBS = Jobs(keeper=KEEPER)
"""This process's jobs."""
