"""Results whose effects nobody can draw without its being known that they have been seen.

A prediction that is locked after its question's effects have been on screen is no prediction, so
the Hypothesis page must know. Whatever is read from a job or a kept run is sealed: it tells what
was asked and how far it is, and no effect of any head. `SeenQuestions` opens it, and remembers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.checkpoints import catalogue
from core.jobs import Job, JobState
from core.results.layer_effects import LayerEffects
from core.results.locked_prediction import KnownOf
from core.results.prediction import Looked
from core.results.result import SweepResult, Top
from core.spec.spec import SweepSpec
from core.store.browsers import SEEN
from core.store.predictions import Came, PredictionLine
from core.store.rows import id_of, storable
from core.store.run import Largest, Origin, Run, Summary, answer_text
from core.store.sweeps import SHOWN_PROMPT, identity_of
from core.sweep.estimate.attribution import Estimate
from core.sweep.task import output_of

Question = tuple[str, str, str]
"""Model, prompt and target in words: to have seen its effects under any kind is to have looked.

Of a long prompt as much as a list knows of it: two that begin with the same 300 characters are one.
"""


def question(spec: SweepSpec) -> Question:
    """What a spec asks, however it is ablated."""
    prompt, target = spec.prompt[:SHOWN_PROMPT], answer_text(spec.target)
    return catalogue.canonical(spec.model), storable(prompt), storable(target)


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that was found in a sweep, open to be drawn."""

    result: SweepResult
    estimate: Estimate | None = None
    layer_effects: LayerEffects | None = None


class SealedSweep:
    """A sweep's result, finished or not, without its effects: `SeenQuestions.reveal` has them."""

    __slots__ = ("_effects",)

    def __init__(
        self,
        result: SweepResult,
        estimate: Estimate | None = None,
        layer_effects: LayerEffects | None = None,
    ) -> None:
        self._effects = Effects(result, estimate, layer_effects)

    @property
    def spec(self) -> SweepSpec:
        """What was asked, resolved."""
        return self._effects.result.spec

    @property
    def shape(self) -> tuple[int, int]:
        """Layers, and heads a layer."""
        return self._effects.result.shape

    @property
    def fingerprint(self) -> str:
        """Of the model that was swept."""
        return self._effects.result.provenance.model_fingerprint

    @property
    def complete(self) -> bool:
        """Whether every head is in."""
        return self._effects.result.complete

    @property
    def seconds(self) -> float:
        """How long the sweep took."""
        return self._effects.result.provenance.seconds

    @property
    def n_heads(self) -> int:
        """How many heads are in."""
        return len(self._effects.result.heads)

    @property
    def has_effects(self) -> bool:
        """Whether there is anything to draw: a head, or an estimate of all of them."""
        return bool(self.n_heads) or self._effects.estimate is not None

    @property
    def tokens(self) -> Sequence[str]:
        """The prompt's tokens."""
        return self._effects.result.tokens

    @property
    def special(self) -> Sequence[bool]:
        """Which of the prompt's tokens are special ones."""
        return self._effects.result.special

    @property
    def target_tokens(self) -> Sequence[str]:
        """The target's tokens."""
        return self._effects.result.target_tokens

    @property
    def likeliest(self) -> Top:
        """The clean run's most probable next tokens: nothing is ablated there."""
        return self._effects.result.baseline.top

    @property
    def run_id(self) -> str:
        """What the store calls this result where this Headsweep has computed it."""
        return id_of(identity_of(self._effects.result, Origin.COMPUTED))

    def same_as(self, other: "SealedSweep") -> bool:
        """Whether both hold the very same result and layer effects."""
        mine, theirs = self._effects, other._effects
        return mine.result is theirs.result and mine.layer_effects is theirs.layer_effects


def output_so_far(job: Job) -> SealedSweep | None:
    """What a sweep's job has found until now."""
    found = output_of(job)
    if found is None:
        return None
    return SealedSweep(found.result, found.estimate, found.layer_effects)


def finished_sweep(job: Job) -> SealedSweep | None:
    """What a sweep's job has found, once it is done."""
    return output_so_far(job) if job.state is JobState.DONE else None


def of_run(run: Run) -> SealedSweep:
    """A kept run's result; its model under the one name that this program has for it."""
    result, name = run.result, catalogue.canonical(run.spec.model)
    if name != run.spec.model:
        result = replace(result, spec=replace(run.spec, model=name))
    return SealedSweep(result, layer_effects=run.layer_effects)


@dataclass(slots=True)
class SeenQuestions:
    """The questions whose effects have been on this tab's screen, or on another of its browser's.

    `browser` is that browser's id, under which the process and the store remember; without one
    this tab remembers by itself, and F5 forgets.
    """

    browser: str | None = None
    questions: dict[Question, Looked] = field(default_factory=dict)

    def __contains__(self, spec: SweepSpec) -> bool:
        """Whether effects on this question were looked at, and not only met on the front page."""
        return self.looked(spec) is Looked.YES

    @property
    def known_of(self) -> KnownOf:
        """Whose looking is known."""
        return "tab" if self.browser is None else "browser"

    def looked(self, spec: SweepSpec, *, anew: bool = False) -> Looked:
        """What of a question's effects has been on screen; `anew` asks the store in any case."""
        asked = question(spec)
        found = self.questions.get(asked, Looked.NO)
        if self.browser is None or found is Looked.YES:
            return found
        return found.or_more(SEEN.looked(self.browser, asked, anew=anew))

    def mark(self, spec: SweepSpec, looked: Looked = Looked.YES) -> None:
        """Effects on this question are drawn."""
        self._mark(question(spec), looked)

    def reveal(self, sealed: SealedSweep, looked: Looked = Looked.YES) -> Effects:
        """A sweep's effects, to be drawn: its question has been looked at from here on."""
        self.mark(sealed.spec, looked)
        return sealed._effects

    def reveal_line(self, run: Summary) -> tuple[tuple[tuple[float, ...], ...], Largest]:
        """Of a line of the kept runs, the changes by layer and head, and the largest of them."""
        self._mark((catalogue.canonical(run.model), run.prompt, run.target), Looked.YES)
        return run.changes, run.largest

    def reveal_outcome(self, line: PredictionLine) -> Came | None:
        """What came of a prediction in a list, if it was tested: then it has been looked at."""
        if line.outcome is not None:
            asked = catalogue.canonical(line.model), line.prompt, line.target
            self._mark(asked, Looked.YES)
        return line.outcome

    def _mark(self, asked: Question, looked: Looked) -> None:
        before = self.questions.get(asked, Looked.NO)
        after = self.questions[asked] = before.or_more(looked)
        if self.browser is not None and after is not before:
            SEEN.mark(self.browser, asked, after)
