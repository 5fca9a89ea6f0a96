"""Work on a loaded model, described by values alone: what a job does besides a sweep.

Equal tasks are the same work, so that two people asking share it, and a task can be sent to
another machine as it is. Imports no torch: that comes with the work.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from core.checkpoints.registry import ModelKey, key_of
from core.progress import map_steps
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel


class Step(NamedTuple):
    """How far a task is: the share done (None where it cannot be said), and what it has so far."""

    fraction: float | None
    partial: Any = None


Work = Generator[Step, None, Any]


@dataclass(frozen=True)
class Task:
    """A piece of work on one model. `said` is what a progress bar calls it.

    One that is `quick` (a second or two) is done between two steps of longer work.
    """

    quick: ClassVar[bool] = False

    def key(self, device: str) -> ModelKey:
        """The model it is done on."""
        raise NotImplementedError

    @property
    def said(self) -> str:
        """What is being done, in a few words."""
        raise NotImplementedError

    def work(self, model: "LoadedModel") -> Work:
        """Do it: yields steps, returns what was found. Raises `InputError`."""
        raise NotImplementedError


@dataclass(frozen=True)
class OnModel(Task):
    """A task that a model alone determines."""

    model: ModelKey

    def key(self, device: str) -> ModelKey:
        """The model named."""
        return self.model


@dataclass(frozen=True)
class OnSpec(Task):
    """A task that a sweep's spec determines, with whatever a subclass adds."""

    spec: SweepSpec

    def key(self, device: str) -> ModelKey:
        """The model that the spec asks for."""
        return key_of(self.spec, device)


def counted(work: Generator[float, None, Any]) -> Work:
    """Work that yields shares only, as a task's."""
    return (yield from map_steps(work, Step))


def streamed(work: Generator[tuple[float, Any], None, Any]) -> Work:
    """Work whose last partial result is its result, as a task's."""
    found = None
    for fraction, found in work:
        yield Step(fraction, found)
    return found
