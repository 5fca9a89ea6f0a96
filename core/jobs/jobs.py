"""`Jobs`: equal requests share a job, finished ones are kept, and the queue has an end.

Loading happens on a thread of its own: a long download holds nobody else up.
"""

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from core.checkpoints import catalogue
from core.checkpoints.fingerprint import fingerprint_here
from core.checkpoints.registry import MODELS, ModelKey, Registry, key_of
from core.errors import InputError
from core.jobs.job import PATIENCE, Job, JobState, Request
from core.jobs.lane import Lane
from core.jobs.perform import do, outcome
from core.jobs.task import Task
from core.results.layer_effects import LayerEffects
from core.results.result import SweepResult
from core.settings import settings
from core.spec.spec import SweepSpec
from core.store.keeper import KEEPER, Keeper
from core.store.run import Run

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel

MAX_KEPT = 64
"""Finished jobs kept in memory; a result of GPT-2's shape is about 300 kB. All are in the store."""
MAX_TASKS_KEPT = 24
"""Of them tasks: an attention pattern over 1,024 tokens is 4 MB, a map of a model 8 MB."""


class Jobs:
    """The jobs of one process. `keeper` has the finished sweeps of others, and gets ours."""

    def __init__(
        self,
        models: Registry = MODELS,
        max_kept: int = MAX_KEPT,
        keeper: Keeper | None = None,
        max_queue: int | None = None,
    ) -> None:
        self._models, self._max_kept, self._keeper = models, max_kept, keeper
        self._max_queue = max_queue
        self._jobs: OrderedDict[tuple[ModelKey, Request], Job] = OrderedDict()
        self._lanes: dict[str, Lane] = {}
        self._guard = threading.Lock()

    def submit(self, spec: SweepSpec, device: str = "auto") -> Job:
        """A job for a sweep; one already running or finished for the same spec is returned.

        Where the queue is full, the job has failed at once and says so.
        """
        key = key_of(spec, device)
        job = self._submit(key, spec, stale=self._of_other_weights(key, spec))
        if job.state is JobState.DONE and self._keeper is not None:
            # Asked for once more: it is kept again if it was deleted meanwhile.
            threading.Thread(target=self._keep_again, args=(job,), daemon=True).start()
        return job

    def ask(self, task: Task, device: str = "auto") -> Job:
        """A job for a task; one already running or finished for an equal task is returned."""
        return self._submit(task.key(device), task)

    def load(self, key: ModelKey) -> Job:
        """A job that only loads a model."""
        return self._submit(key, None)

    def find(self, spec: SweepSpec, device: str = "auto") -> Job | None:
        """The live or finished job of a spec, without starting one; None if there is none.

        A sweep that the store has counts as finished.
        """
        key = key_of(spec, device)
        with self._guard:
            job = self._jobs.get((key, spec))
        if job is not None and job.usable:
            return job
        if self._keeper is None:
            return None
        run = self._kept(key, spec)
        return None if run is None else self.admit(run, spec, device)

    def _kept(self, key: ModelKey, spec: SweepSpec) -> Run | None:
        """The kept run of a spec, on the weights that are here where that is known.

        A hub's files stay what they are, and reading gigabytes of them would keep a page waiting:
        without the model loaded the newest run answers, and is checked once it is.
        """
        assert self._keeper is not None
        model = self._models.peek(key)
        if model is None:
            local = catalogue.written_as_path(key.name)
            return self._keeper.find(spec, fingerprint_here(key.name) if local else None)
        return self._keeper.find(_settled(spec, model), model.fingerprint)

    def admit(self, run: Run, spec: SweepSpec, device: str = "auto") -> Job:
        """Take a finished run over as the job of a spec."""
        job = Job(key_of(spec, device), spec)
        _finish(job, run)
        with self._guard:
            self._jobs[job.key, spec] = job
            self._forget()
        return job

    def admit_result(
        self, spec: SweepSpec, result: SweepResult, layer_effects: LayerEffects | None
    ) -> Job:
        """Take over a result that was computed ahead, for good: it is in no store."""
        job = Job(key_of(spec), spec)
        job.pinned = True
        _found(job, result, layer_effects)
        with self._guard:
            self._jobs[job.key, spec] = job
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
                job.wait_for(PATIENCE)

    def _of_other_weights(self, key: ModelKey, spec: SweepSpec) -> Job | None:
        """The kept job of a spec that other weights than those here were swept for.

        Apart from `_outlived`, and without the lock: files may have to be read for it.
        """
        with self._guard:
            job = self._jobs.get((key, spec))
        if job is None or job.created is None or self._models.peek(key) is not None:
            return None
        here = fingerprint_here(key.name)
        return job if here is not None and here != job.fingerprint else None

    def _submit(self, key: ModelKey, request: Request, stale: Job | None = None) -> Job:
        with self._guard:
            job = self._jobs.get((key, request))
            outlived = job is None or job is stale or not job.usable or self._outlived(job)
            if job is not None and not outlived:
                self._jobs.move_to_end((key, request))
                job.askers += 1
                return job
            job = Job(key, request)
            job.askers = 1
            if self._is_full(job):
                return job
            self._jobs[key, request] = job
            self._forget()
        threading.Thread(target=self._load, args=(job,), daemon=True, name="load").start()
        return job

    def _is_full(self, job: Job) -> bool:
        """Whether a job finds no room in the queue; it has failed then."""
        most = settings().max_queue if self._max_queue is None else self._max_queue
        waiting = sum(not each.state.final for each in self._jobs.values() if each.request)
        if job.request is None or waiting < most:
            return False
        message = (
            f"The queue is full: {waiting} sweeps and other computations are waiting here, and no "
            "more are taken. Nothing you typed is lost: try again in a moment."
        )
        job.end(JobState.FAILED, InputError("run", message))
        return True

    def _outlived(self, job: Job) -> bool:
        """Whether a finished job's model is not the one of that name any more.

        It has had to make room for others, which matters to a load, or its files have changed. A
        kept sweep without its layer effects (the command line measures none) is not all that is
        wanted.
        """
        if job.state is not JobState.DONE:
            return False
        if job.created is not None and job.layer_effects is None:
            return True
        model = self._models.peek(job.key)
        if model is None:
            return job.request is None
        return job.fingerprint != model.fingerprint

    def _forget(self) -> None:
        finished = {
            name: job for name, job in self._jobs.items() if job.state.final and not job.pinned
        }
        tasks = [name for name, job in finished.items() if job.task is not None]
        for name in tasks[: max(0, len(tasks) - MAX_TASKS_KEPT)]:
            del self._jobs[name], finished[name]
        for name in list(finished)[: max(0, len(self._jobs) - self._max_kept)]:
            del self._jobs[name]

    def _load(self, job: Job) -> None:
        with outcome(job):
            if job.spec is not None and self._was_kept(job, job.spec):
                return
            model = self._models.get(job.key, job.report)
            if (
                job.spec is not None
                and job.spec != _settled(job.spec, model)
                and self._was_kept(job, _settled(job.spec, model))
            ):
                return  # only the model could tell whether BOS goes first
            job.fingerprint = model.fingerprint
            if job.request is None:
                job.end(JobState.DONE)
                return
            job.enter(JobState.WAITING, "Waiting for its turn")
            self._lane(model.device).put(job, model)

    def _was_kept(self, job: Job, spec: SweepSpec) -> bool:
        """Whether the store has the sweep, on the very weights that would be loaded."""
        if self._keeper is None:
            return False
        model = self._models.peek(job.key)
        weights = fingerprint_here(job.key.name) if model is None else model.fingerprint
        run = self._keeper.find(spec, weights)
        if run is None or run.layer_effects is None:
            return False
        _finish(job, run)
        return True

    def _keep_again(self, job: Job) -> None:
        assert self._keeper is not None
        assert job.partial is not None
        job.run_id = self._keeper.keep(job.partial, job.layer_effects)

    def _lane(self, device: str) -> Lane:
        with self._guard:
            if device not in self._lanes:
                self._lanes[device] = Lane(device, lambda job, model: do(job, model, self._keeper))
            return self._lanes[device]


def _settled(spec: SweepSpec, model: "LoadedModel") -> SweepSpec:
    """A spec whose open BOS is the model's own choice."""
    bos = model.default_prepend_bos if spec.prepend_bos is None else spec.prepend_bos
    return replace(spec, prepend_bos=bos)


def _finish(job: Job, run: Run) -> None:
    job.run_id, job.created = run.id, run.created
    _found(job, run.result, run.layer_effects)


def _found(job: Job, result: SweepResult, layer_effects: LayerEffects | None) -> None:
    job.partial, job.layer_effects = result, layer_effects
    job.fingerprint = result.provenance.model_fingerprint
    job.end(JobState.DONE)


JOBS = Jobs(keeper=KEEPER)
"""This process's jobs."""
