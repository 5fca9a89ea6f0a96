"""The views of one head, and of all heads' kinds, as tasks for the job lane."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.jobs.task import OnModel, OnSpec, Step, Work, counted, streamed
from core.progress import within
from core.spec.ablation import AblationKind
from core.spec.heads import Head, check_head

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.sweep.scorer import Scorer


@dataclass(frozen=True)
class OnHead(OnSpec):
    """A task on one head of a sweep."""

    quick: ClassVar[bool] = True
    head: Head

    def work(self, model: "LoadedModel") -> Work:
        """Check the head, make the clean run, then measure."""
        from core.sweep.scorer import Scorer

        check_head(self.head, (model.n_layers, model.n_heads), model.name)
        scorer = Scorer(model, self.spec)
        yield Step(None)
        return (yield from self.measure(scorer))

    def measure(self, scorer: "Scorer") -> Work:
        """The task itself, on a clean run."""
        raise NotImplementedError


@dataclass(frozen=True)
class MeasureAttention(OnHead):
    """Where the head looks; a `HeadAttention` with the tokens of its axes."""

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Reading where {self.head.label} looks"

    def measure(self, scorer: "Scorer") -> Work:
        """The pattern of the clean run."""
        from core.circuits.attention import head_attention

        yield Step(None)
        return head_attention(scorer.start, self.head)


@dataclass(frozen=True)
class MeasureLogitEffects(OnHead):
    """What the model says without the head, and what the head writes; a `LogitEffects`."""

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Reading what {self.head.label} says"

    def measure(self, scorer: "Scorer") -> Work:
        """Predictions, direct logit attribution, OV circuit."""
        from core.circuits.logit_effects import measure_logit_effects

        return (yield from counted(measure_logit_effects(scorer, self.head)))


@dataclass(frozen=True)
class MeasureDirectEffect(OnHead):
    """By which route the head acts, and its effect under each kind: (`DirectEffect`, or a text
    that says why there is none; `ByKind`).
    """

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Tracing how {self.head.label} reaches the answer"

    def measure(self, scorer: "Scorer") -> Work:
        """Routes, then the kinds."""
        from core.circuits.by_kind import by_kind
        from core.circuits.direct_effect import measure_direct_effect
        from core.errors import UnavailableError

        try:
            found: Any = yield from counted(
                within(measure_direct_effect(scorer, self.head), 0.0, 0.3)
            )
        except UnavailableError as error:
            found = str(error)
        kinds = yield from counted(within(by_kind(scorer, self.head), 0.3, 1.0))
        return found, kinds


@dataclass(frozen=True)
class MeasurePathPatching(OnHead):
    """What feeds the head's attention from one position to another: `PathPatching`, or why not.

    Positions None: those that `measure_path_patching` chooses.
    """

    query: int | None = None
    attended: int | None = None

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Patching the paths into {self.head.label}"

    def measure(self, scorer: "Scorer") -> Work:
        """A path from every earlier head."""
        from core.circuits.path_patching import measure_path_patching
        from core.errors import UnavailableError

        try:
            return (
                yield from counted(
                    measure_path_patching(scorer, self.head, self.query, self.attended)
                )
            )
        except UnavailableError as error:
            return str(error)


@dataclass(frozen=True)
class MeasurePositionEffects(OnSpec):
    """The ablation of each head at one position at a time; `PositionEffects`."""

    heads: tuple[Head, ...]

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Ablating {_named(self.heads)} at one position at a time"

    def work(self, model: "LoadedModel") -> Work:
        """Late positions come first."""
        from core.circuits.by_position import iter_position_effects
        from core.sweep.scorer import Scorer

        scorer = Scorer(model, self.spec)
        yield Step(None)
        return (yield from streamed(iter_position_effects(scorer, self.heads)))


@dataclass(frozen=True)
class MeasurePatching(OnSpec):
    """Activation patching in one direction, of whole heads or by position; `Patching`."""

    direction: str
    heads: tuple[Head, ...] | None = None
    by_position: bool = False

    @property
    def said(self) -> str:
        """What is being done."""
        who = "every head" if self.heads is None else _named(self.heads)
        where = ", one position at a time" if self.by_position else ""
        return f"Patching {who} ({self.direction}){where}"

    def work(self, model: "LoadedModel") -> Work:
        """Both clean runs first."""
        from core.circuits.patching import Direction, iter_patching

        yield Step(None)
        direction = Direction(self.direction)
        patching = iter_patching(model, self.spec, direction, self.heads, self.by_position)
        return (yield from streamed(patching))


@dataclass(frozen=True)
class MeasureHeadScores(OnModel):
    """Role scores of every head; a `HeadScores`."""

    @property
    def said(self) -> str:
        """What is being done."""
        return "Measuring every head on repeated random tokens"

    def work(self, model: "LoadedModel") -> Work:
        """Computed once a model."""
        from core.circuits.measure_scores import measure_head_scores

        return (yield from counted(measure_head_scores(model)))


@dataclass(frozen=True)
class MeasureScoresWithout(OnModel):
    """Role scores of every head while one is ablated; a `HeadScores`."""

    head: Head
    kind: AblationKind
    reference: tuple[str, ...] | None = None

    @property
    def said(self) -> str:
        """What is being done."""
        return f"Measuring every head without {self.head.label}"

    def work(self, model: "LoadedModel") -> Work:
        """On the same sequences as `MeasureHeadScores`."""
        from core.circuits.measure_scores import measure_scores_without

        check_head(self.head, (model.n_layers, model.n_heads), model.name)
        without: Generator[float, None, Any]
        without = measure_scores_without(model, self.head, self.kind, self.reference)
        return (yield from counted(without))


def _named(heads: tuple[Head, ...]) -> str:
    return heads[0].label if len(heads) == 1 else f"{len(heads):,} heads"
