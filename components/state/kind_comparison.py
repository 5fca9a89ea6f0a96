"""The sweep on screen under every kind of ablation, for "Do the kinds agree?"."""

from dataclasses import dataclass, field

from core.jobs import JOBS, Job, JobState
from core.results.agreement import with_kind
from core.spec.ablation import AblationKind
from core.spec.spec import SweepSpec
from core.sweep.task import SweepTask


@dataclass(slots=True)
class KindComparison:
    """A sweep a kind of ablation in `jobs`, for the comparison of the spec `requested`."""

    requested: SweepSpec | None = None
    jobs: dict[AblationKind, Job] = field(default_factory=dict)

    def is_of(self, spec: SweepSpec | None) -> bool:
        """Whether a spec is being compared, or has been."""
        return bool(self.jobs) and self.requested == spec

    @property
    def unfinished(self) -> dict[AblationKind, Job]:
        """The kinds that are still being swept."""
        return {kind: job for kind, job in self.jobs.items() if not job.state.final}

    def begin(
        self,
        spec: SweepSpec,
        corrupted_prompt: str | None,
        reference: tuple[str, ...] | None,
    ) -> None:
        """Ask for a spec's sweep under every kind of ablation; finished ones are reused."""
        self.stop()
        self.requested = spec
        for kind in AblationKind:
            of_kind = with_kind(spec, kind, corrupted_prompt, reference)
            if of_kind is not None:
                self.jobs[kind] = JOBS.ask(SweepTask(of_kind))

    def stop(self) -> None:
        """Give up what is under way; finished kinds stay."""
        for kind, job in list(self.jobs.items()):
            if not job.state.final:
                JOBS.release(job)
            if job.state is not JobState.DONE:
                del self.jobs[kind]

    def keep_for(self, spec: SweepSpec | None) -> None:
        """Give up what is under way unless it is for the comparison of that spec."""
        if not self.is_of(spec):
            self.stop()
