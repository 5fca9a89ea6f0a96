"""The views of one head, and of all heads' kinds, as tasks for the job lane."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.ablation import AblationKind
from core.heads import Head, check_head
from core.progress import told_as
from core.tasks import OnModel, OnSpec, Step, Work, counted

if TYPE_CHECKING:
    from core.models.loaded import LoadedModel
    from core.scoring import Scorer


@dataclass(frozen=True)
class OnHead(OnSpec):
    """A task on one head of a sweep."""

    head: Head

    def work(self, model: "LoadedModel") -> Work:
        """Check the head, make the clean run, then measure."""
        from core.scoring import Scorer

        check_head(self.head, (model.n_layers, model.n_heads), model.name)
        scorer = Scorer(model, self.spec)
        yield Step(None)
        yield from told_as(scorer.replacements(), Step(None))
        return (yield from self.measure(scorer))

    def measure(self, scorer: "Scorer") -> Work:
        """The task itself, on a clean run whose replacements are at hand."""
        raise NotImplementedError


@dataclass(frozen=True)
class Look(OnHead):
    """Where the head looks; a `Looking` with the tokens of its axes."""

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Reading where {self.head.label} looks"

    def measure(self, scorer: "Scorer") -> Work:
        """The pattern of the clean run."""
        from core.circuits.looking import look

        yield Step(None)
        return look(scorer.start, self.head)


@dataclass(frozen=True)
class Say(OnHead):
    """What the model says without the head, and what the head writes; a `Saying`."""

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Reading what {self.head.label} says"

    def measure(self, scorer: "Scorer") -> Work:
        """Predictions, direct logit attribution, OV circuit."""
        from core.circuits.saying import say

        yield Step(None)
        return say(scorer, self.head)


@dataclass(frozen=True)
class Trace(OnHead):
    """By which route the head acts, and its effect under each kind: (`Routes` or the words why
    not, `ByKind`).
    """

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Tracing how {self.head.label} reaches the answer"

    def measure(self, scorer: "Scorer") -> Work:
        """Routes, then the kinds."""
        from core.circuits.by_kind import by_kind
        from core.circuits.routes import routes
        from core.circuits.stream import UnavailableError

        yield Step(None)
        try:
            found: Any = routes(scorer, self.head)
        except UnavailableError as error:
            found = str(error)
        return found, (yield from counted(by_kind(scorer, self.head)))


@dataclass(frozen=True)
class MeasureRoles(OnModel):
    """Role scores of every head; a `RoleScores`."""

    @property
    def said(self) -> str:
        """What is being done."""
        return "Measuring every head on repeated random tokens"

    def work(self, model: "LoadedModel") -> Work:
        """Computed once a model."""
        from core.circuits.repeated import measured_roles

        return (yield from counted(measured_roles(model)))


@dataclass(frozen=True)
class RolesWithout(OnModel):
    """Role scores of every head while one is ablated; a `RoleScores`."""

    head: Head
    kind: AblationKind
    reference: tuple[str, ...] | None = None

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Measuring every head without {self.head.label}"

    def work(self, model: "LoadedModel") -> Work:
        """On the same sequences as `MeasureRoles`."""
        from core.circuits.repeated import roles_without

        check_head(self.head, (model.n_layers, model.n_heads), model.name)
        without: Generator[float, None, Any]
        without = roles_without(model, self.head, self.kind, self.reference)
        return (yield from counted(without))
