"""The two sides of a comparison, and the sweeps under way for them."""

from dataclasses import dataclass, field

from core.jobs import JOBS, Job
from core.spec.spec import SweepSpec
from core.sweep.task import SweepTask

Side = tuple[str, str] | SweepSpec
"""One side of a comparison: ("run", its name), or a spec that is to be swept."""
NAMES = ("a", "b")


@dataclass(slots=True)
class ComparePage:
    """`sides` by name, "a" and "b"; of each that is being swept, its job. `stopped` are those
    whose sweep was given up by hand.
    """

    sides: dict[str, Side] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)

    def choose(self, name: str, side: Side | None) -> None:
        """Give a side something else, or nothing; a sweep under way for it is given up."""
        if (job := self.jobs.pop(name, None)) is not None:
            JOBS.release(job)
        self.stopped.discard(name)
        if side is None:
            self.sides.pop(name, None)
        else:
            self.sides[name] = side

    def swap(self) -> None:
        """A for B."""
        other = dict(zip(NAMES, reversed(NAMES), strict=True))
        self.sides = {other[name]: side for name, side in self.sides.items()}
        self.jobs = {other[name]: job for name, job in self.jobs.items()}
        self.stopped = {other[name] for name in self.stopped}

    def sweep(self, name: str) -> None:
        """Sweep a side that is a spec."""
        side = self.sides.get(name)
        if isinstance(side, SweepSpec):
            self.stopped.discard(name)
            self.jobs[name] = JOBS.ask(SweepTask(side))

    def stop(self, name: str) -> None:
        """Give a side's sweep up; another who waits for the same one still gets it."""
        if (job := self.jobs.pop(name, None)) is not None:
            JOBS.release(job)
            self.stopped.add(name)
