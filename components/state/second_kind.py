"""The sweep on screen under a second kind of ablation, where that is cheap: nobody asks for it."""

from dataclasses import dataclass
from typing import ClassVar

from components.state.sealed import SealedSweep, finished_sweep
from core.jobs import JOBS, Job, JobState
from core.results.agreement import with_kind
from core.results.second_kind import CHEAP_SECONDS, SECOND
from core.spec.spec import SweepSpec
from core.sweep.task import SweepTask


class SecondSweep(SweepTask):
    """A sweep that is looked at beside another: it is not kept as a run of its own."""

    kept: ClassVar[bool] = False

    def keep(self, *_: object) -> None:
        """Nobody has asked for it."""


@dataclass(slots=True)
class SecondKind:
    """`job` sweeps `asked`, the question of what is on screen; it is `own` unless it was there."""

    asked: SweepSpec | None = None
    job: Job | None = None
    own: bool = False

    def follow(self, shown: SealedSweep | None, *, wanted: bool) -> None:
        """Ask for it where it is wanted and cheap; what is under way for another is given up."""
        asked = _asked(shown) if wanted and shown is not None else None
        if asked == self.asked:
            return
        self.stop()
        self.asked = asked
        if asked is None:
            return
        known = JOBS.find(SweepTask(asked))
        self.own = known is None or known.state is not JobState.DONE
        self.job = JOBS.ask(SecondSweep(asked)) if self.own else known

    def stop(self) -> None:
        """Give up what is under way."""
        if self.job is not None and self.own:
            JOBS.release(self.job)
        self.asked = self.job = None

    @property
    def under_way(self) -> Job | None:
        """Its job, until it has ended."""
        return None if self.job is None or self.job.state.final else self.job

    @property
    def found(self) -> SealedSweep | None:
        """The second sweep, once it is done."""
        return None if self.job is None else finished_sweep(self.job)


def _asked(shown: SealedSweep) -> SweepSpec | None:
    """The spec of the second sweep of what is on screen; None where there is to be none."""
    if not shown.complete or shown.seconds > CHEAP_SECONDS or shown.spec.ablation is SECOND:
        return None
    return with_kind(shown.spec, SECOND)
