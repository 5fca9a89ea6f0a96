"""Work on a loaded model, described by values alone: what a job does.

Equal tasks are the same work, so that two people asking share it, and a task can be sent to
another machine as it is. Imports no torch: that comes with the work.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from core.checkpoints.registry import ModelKey, key_of
from core.progress import map_steps
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.store.keeper import Keeper


class Step(NamedTuple):
    """How far a task is: the share done (None where it cannot be said), what it has so far (None:
    what it had before), and what it is doing (None: what the task says).
    """

    fraction: float | None
    partial: Any = None
    description: str | None = None


class Turn(IntEnum):
    """Whose turn comes first on a device: what is less is done between two steps of what is more.

    Of a second or two are the picture that somebody looks at and waits for (`LOOKED_AT`), and what
    stands beside it and is read after it (`BESIDE`). Everything else is `LONG`.
    """

    LOOKED_AT = 0
    BESIDE = 1
    LONG = 2


Work = Generator[Step, None, Any]


@dataclass(frozen=True)
class Recalled:
    """What a task would put out, had without the work, and on which model it was computed.

    `run_id` and `created` are those of the kept result; None where it was computed ahead.
    """

    output: Any
    fingerprint: str
    run_id: str | None = None
    created: float | None = None


@dataclass(frozen=True)
class Task:
    """A piece of work on one model. `description` is what a progress bar calls it.

    `turn` says between whose steps it is done. What a `large` one finds may be megabytes, so that
    fewer are remembered. What is `kept` outlives the process: `keep` and `recall` say how.
    """

    turn: ClassVar[Turn] = Turn.LONG
    large: ClassVar[bool] = True
    kept: ClassVar[bool] = False

    def key(self, device: str) -> ModelKey:
        """The model it is done on."""
        raise NotImplementedError

    @property
    def description(self) -> str:
        """What is being done, in a few words."""
        raise NotImplementedError

    def work(self, model: "LoadedModel") -> Work:
        """Do it: yields steps, returns the output. Raises `InputError`.

        Where it is to stop, `Cancelled` is raised at the step it is at: one that goes on to return
        something has ended well.
        """
        raise NotImplementedError

    def resolved(self, model: "LoadedModel") -> "Task":
        """The task with everything decided that was left to the model."""
        return self

    def keep(
        self, keeper: "Keeper", output: Any, before: Any, fingerprint: str | None
    ) -> str | None:
        """Keep the output, where it is time; `before` is what it was until then, `fingerprint` that
        of the model it was done on.

        Asked after every partial result and at the end. Returns the id that it is kept under.
        """
        return None

    def recall(self, keeper: "Keeper", fingerprint: str | None) -> Recalled | None:
        """What is kept of the task on the model of that fingerprint, or (None) the newest."""
        return None

    def is_complete(self, output: Any) -> bool:
        """Whether something kept is all that the work would find."""
        return True


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
