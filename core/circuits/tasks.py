"""Tasks for the job lane: the measurements that the views of heads show."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from core.circuits.edge import Edge
from core.circuits.head_scores import HeadScores
from core.circuits.knocked_edges import heads_of_layers
from core.jobs.task import OnModel, OnSpec, Recalled, Step, Turn, Work, counted, streamed
from core.progress import within
from core.spec.ablation import AblationKind
from core.spec.heads import Head, check_head
from core.store.head_scores import KeptScores, ScoresOf

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.store.keeper import Keeper
    from core.sweep.scorer import Scorer


@dataclass(frozen=True)
class OnHead(OnSpec):
    """A task on one head of a sweep."""

    turn: ClassVar[Turn] = Turn.LOOKED_AT
    head: Head

    def work(self, model: "LoadedModel") -> Work:
        """Check the head, do the clean run, then measure."""
        from core.sweep.scorer import Scorer

        check_head(self.head, (model.n_layers, model.n_heads), model.name)
        scorer = Scorer(model, self.spec)
        yield Step(None)
        return (yield from self.measure(scorer))

    def measure(self, scorer: "Scorer") -> Work:
        """The measurement itself, on the clean run of `scorer`."""
        raise NotImplementedError


@dataclass(frozen=True)
class MeasureAttention(OnHead):
    """Measure the head's attention pattern; returns a `HeadAttention`."""

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Reading where {self.head.label} looks"

    def measure(self, scorer: "Scorer") -> Work:
        """Read the attention pattern of the clean run."""
        from core.circuits.attention import head_attention

        yield Step(None)
        return head_attention(scorer.start, self.head)


@dataclass(frozen=True)
class MeasureLogitEffects(OnHead):
    """Measure the head's effect on the next token and on the logits; returns a `LogitEffects`."""

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Reading what {self.head.label} says"

    def measure(self, scorer: "Scorer") -> Work:
        """Measure predictions, direct logit attribution and OV circuit."""
        from core.circuits.logit_effects import measure_logit_effects

        return (yield from counted(measure_logit_effects(scorer, self.head)))


@dataclass(frozen=True)
class MeasureDirectEffect(OnHead):
    """Measure the head's direct effect, and its effect under each kind of ablation.

    Returns (`DirectEffect`, `ByKind`); the first is a text that says why if the model's residual
    stream cannot be split.
    """

    turn: ClassVar[Turn] = Turn.BESIDE

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Tracing how {self.head.label} reaches the answer"

    def measure(self, scorer: "Scorer") -> Work:
        """Measure the direct effect, then the kinds."""
        from core.circuits.by_kind import by_kind
        from core.circuits.direct_effect import measure_direct_effect
        from core.errors import UnavailableError

        try:
            direct_effect: Any = yield from counted(
                within(measure_direct_effect(scorer, self.head), 0.0, 0.3)
            )
        except UnavailableError as error:
            direct_effect = str(error)
        kinds = yield from counted(within(by_kind(scorer, self.head), 0.3, 1.0))
        return direct_effect, kinds


@dataclass(frozen=True)
class MeasurePathPatching(OnHead):
    """Path patching from every earlier head into the head.

    `query` and `attended` are `query` and `key` of `measure_path_patching`, with its defaults for
    None; the others are named as there. Returns a `PathPatching`, or a text that says why there is
    none.
    """

    query: int | None = None
    attended: int | None = None
    edge: Edge = Edge.RESIDUAL
    answer: bool = False
    whole_group: bool = False

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Patching the paths into {self.head.label}"

    def measure(self, scorer: "Scorer") -> Work:
        """Patch the path from every earlier head."""
        from core.circuits.path_patching import measure_path_patching
        from core.errors import UnavailableError

        try:
            work = measure_path_patching(
                scorer,
                self.head,
                self.query,
                self.attended,
                edge=self.edge,
                answer=self.answer,
                whole_group=self.whole_group,
            )
            return (yield from counted(work))
        except UnavailableError as error:
            return str(error)


@dataclass(frozen=True)
class MeasureKnockOut(OnHead):
    """Knock out edges from `query` to `keys`: the head's, or those of every head of `layers`.

    Returns a `KnockOut`, or a text that says why there is none.
    """

    query: int
    keys: tuple[int, ...]
    layers: tuple[int, ...] = ()

    @property
    def description(self) -> str:
        """What is being done."""
        who = f"every head of {len(self.layers)} layers" if self.layers else self.head.label
        return f"Knocking out where {who} looks"

    def measure(self, scorer: "Scorer") -> Work:
        """Run the prompt without these edges."""
        from core.circuits.knock_out import measure_knock_out
        from core.errors import UnavailableError

        heads: tuple[Head, ...] = (self.head,)
        if self.layers:
            model = scorer.model
            heads = heads_of_layers(self.layers, (model.n_layers, model.n_heads), model.name)
        try:
            work = measure_knock_out(scorer, heads, self.query, self.keys)
            return (yield from counted(work))
        except UnavailableError as error:
            return str(error)


@dataclass(frozen=True)
class MeasureDose(OnHead):
    """Scale what the head writes, from nothing to twice as much; returns a `Dose`."""

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Scaling {self.head.label}"

    def measure(self, scorer: "Scorer") -> Work:
        """Run the prompt with every factor."""
        from core.circuits.dose import measure_dose

        return (yield from counted(measure_dose(scorer, [self.head])))


@dataclass(frozen=True)
class MeasurePositionEffects(OnSpec):
    """Ablate each head at one position at a time; returns `PositionEffects`."""

    heads: tuple[Head, ...]

    @property
    def turn(self) -> Turn:  # type: ignore[override]  # of one head it is a view, of many a map
        """A second or two for one head, as long as a sweep or longer for many."""
        return Turn.LOOKED_AT if len(self.heads) == 1 else Turn.LONG

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Ablating {_heads_text(self.heads)} at one position at a time"

    def work(self, model: "LoadedModel") -> Work:
        """Yields partial results, in which late positions are finished first."""
        from core.circuits.by_position import iter_position_effects
        from core.sweep.scorer import Scorer

        scorer = Scorer(model, self.spec)
        yield Step(None)
        return (yield from streamed(iter_position_effects(scorer, self.heads)))


@dataclass(frozen=True)
class MeasurePatching(OnSpec):
    """Activation patching in one direction, of whole heads or by position; returns `Patching`.

    `direction` is a value of `Direction`; `heads` None means every head.
    """

    direction: str
    heads: tuple[Head, ...] | None = None
    by_position: bool = False

    @property
    def description(self) -> str:
        """What is being done."""
        who = "every head" if self.heads is None else _heads_text(self.heads)
        where = ", one position at a time" if self.by_position else ""
        return f"Patching {who} ({self.direction}){where}"

    def work(self, model: "LoadedModel") -> Work:
        """Run both prompts without patches, then patch; yields partial results."""
        from core.circuits.patching import Direction, iter_patching

        yield Step(None)
        direction = Direction(self.direction)
        patching = iter_patching(model, self.spec, direction, self.heads, self.by_position)
        return (yield from streamed(patching))


@dataclass(frozen=True)
class MeasureStreamPatching(OnSpec):
    """Patching of the residual stream by layer and position; returns `StreamPatching`.

    `direction` is a value of `Direction`.
    """

    direction: str = "denoise"

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Patching the residual stream ({self.direction})"

    def work(self, model: "LoadedModel") -> Work:
        """Run both prompts, then patch; yields partial results."""
        from core.circuits.patching import Direction
        from core.circuits.stream_patching import iter_stream_patching

        yield Step(None)
        patching = iter_stream_patching(model, self.spec, Direction(self.direction))
        return (yield from streamed(patching))


@dataclass(frozen=True)
class MeasureHeadScores(OnModel):
    """Measure the role scores of every head; returns `HeadScores`. They are kept: once a model."""

    kept: ClassVar[bool] = True

    @property
    def description(self) -> str:
        """What is being done."""
        return "Measuring every head on repeated random tokens"

    def work(self, model: "LoadedModel") -> Work:
        """Measured once a model, then cached."""
        from core.circuits.measure_scores import measure_head_scores

        return (yield from counted(measure_head_scores(model)))

    def keep(
        self, keeper: "Keeper", output: HeadScores, before: object, fingerprint: str | None
    ) -> None:
        """By the model's weights, whatever it was called."""
        if fingerprint is not None:
            shape = (output.mean.shape[1], output.mean.shape[2])
            of, name = self._of(fingerprint), self.model.name
            keeper.keep_scores(KeptScores(of, name, shape, output.to_kept()))

    def recall(self, keeper: "Keeper", fingerprint: str | None) -> Recalled | None:
        """Those of the weights that are here; without them nothing tells which."""
        if fingerprint is None:
            return None
        kept = keeper.find_scores(self._of(fingerprint))
        scores = None if kept is None else HeadScores.from_kept(kept.scores, kept.shape)
        return None if scores is None else Recalled(scores, fingerprint)

    def _of(self, fingerprint: str) -> ScoresOf:
        return ScoresOf(fingerprint, self.model.dtype, self.model.weights)


@dataclass(frozen=True)
class MeasureScoresWithout(OnModel):
    """Measure the role scores of every head while one head is ablated; returns `HeadScores`."""

    head: Head
    kind: AblationKind
    reference: tuple[str, ...] | None = None

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Measuring every head without {self.head.label}"

    def work(self, model: "LoadedModel") -> Work:
        """Uses the same sequences as `MeasureHeadScores`."""
        from core.circuits.measure_scores import measure_scores_without

        check_head(self.head, (model.n_layers, model.n_heads), model.name)
        without: Generator[float, None, Any]
        without = measure_scores_without(model, self.head, self.kind, self.reference)
        return (yield from counted(without))


@dataclass(frozen=True)
class MeasureExtraColumns(OnSpec):
    """Measure extra columns of every head; returns `ExtraValues`.

    `names` are names of `core.circuits.extra_columns.EXTRA_COLUMNS`.
    """

    names: tuple[str, ...]

    @property
    def description(self) -> str:
        """What is being done."""
        return f"Measuring {len(self.names)} more columns of every head"

    def work(self, model: "LoadedModel") -> Work:
        """Do the clean run, then measure; several columns may come from one measurement."""
        from core.circuits.extra_columns import BY_NAME, measure_extra_columns
        from core.sweep.scorer import Scorer

        scorer = Scorer(model, self.spec)
        yield Step(None)
        chosen = [BY_NAME[name] for name in self.names]
        return (yield from counted(measure_extra_columns(scorer, chosen)))


def _heads_text(heads: tuple[Head, ...]) -> str:
    return heads[0].label if len(heads) == 1 else f"{len(heads):,} heads"
