"""The sweep on screen, and the one under way for it."""

from dataclasses import dataclass, field, replace

from components.state.sealed import SealedSweep, output_so_far
from components.state.selection import Selection
from core.errors import InputError
from core.jobs import JOBS, Job, JobState
from core.spec.spec import SweepSpec
from core.sweep.task import SweepTask, spec_of


@dataclass(frozen=True, slots=True)
class RunOnScreen:
    """Which kept run is on screen: its name and age, and whether it came from a file."""

    id: str | None = None
    created: float | None = None
    imported: bool = False


@dataclass(slots=True)
class SweepPage:
    """`result` is on screen, asked for by `requested`; `job` is the sweep under way for it.

    `saved_example` tells that it came with the program. `front_page` is the example that the front
    page shows by itself, while that is on screen, or coming, and nobody has asked for it. `failed`
    is why the last sweep, of `failed_for`, failed. `linked` is what an address asks for and is not
    on screen yet; `to_run` says that it is to be swept. `own_runs` are the kept runs that this tab
    has asked for.
    """

    selection: Selection
    result: SealedSweep | None = None
    requested: SweepSpec | None = None
    saved_example: bool = False
    front_page: SweepSpec | None = None
    run: RunOnScreen = RunOnScreen()
    job: Job | None = None
    failed: InputError | None = None
    failed_for: SweepSpec | None = None
    linked: SweepSpec | None = None
    to_run: bool = False
    own_runs: set[str] = field(default_factory=set)

    @property
    def run_id(self) -> str | None:
        """The name of the kept run on screen; None for one that is not finished."""
        if self.run.id is not None or self.result is None or not self.result.complete:
            return self.run.id
        return self.result.run_id

    def is_coming(self, spec: SweepSpec | None) -> bool:
        """Whether the sweep under way is that of a spec."""
        return self.job is not None and spec_of(self.job) == spec

    def has_news(self, job: Job) -> bool:
        """Whether a job has found more than is on screen. Without an estimate, heads at least."""
        found = output_so_far(job)
        if found is None or not found.has_effects:
            return False
        return self.result is None or not self.result.same_as(found)

    def show(
        self,
        result: SealedSweep,
        requested: SweepSpec | None = None,
        *,
        saved: bool = False,
        run: RunOnScreen = RunOnScreen(),  # frozen
    ) -> None:
        """Put a result on screen; the selected head stays where the model's shape allows it."""
        self.selection.fit(result.spec.model, result.shape)
        self.result, self.saved_example = result, saved
        self.requested, self.run = requested or result.spec, run
        if self.requested != self.front_page:
            self.front_page = None
        self.linked, self.to_run = None, False

    def adopt(self, job: Job) -> None:
        """Put on screen what a job has found so far, if that is news."""
        found = output_so_far(job)
        if found is not None and self.has_news(job):
            self.show(found, spec_of(job), run=RunOnScreen(job.run_id, job.created))

    def start(self, spec: SweepSpec) -> None:
        """Ask for a sweep; this tab's unfinished one is given up, unless it is the same."""
        if not self.to_run:  # else its address asks for it, and not a person
            self.front_page = None
        if self.is_coming(spec) and self.job is not None and not self.job.state.final:
            return
        self.stop()
        self.failed = self.failed_for = None
        self.to_run = False
        self.job = JOBS.ask(SweepTask(spec))

    def stop(self) -> None:
        """Give up the sweep under way; what it has finished stays on screen."""
        self.collect()
        if self.job is not None:
            JOBS.release(self.job)
            self.job = None

    def collect(self) -> None:
        """Take over what the sweep under way has found since the last look."""
        job = self.job
        if job is None:
            return
        final = job.state.final
        self.adopt(job)
        if not final:
            return
        if job.run_id is not None:
            self.own_runs.add(job.run_id)
            found = output_so_far(job)
            if found is not None and self.result is not None and self.result.same_as(found):
                self.run = replace(self.run, id=job.run_id)
        if job.state is JobState.FAILED:
            self.failed, self.failed_for = job.error, spec_of(job)
        self.job = None
