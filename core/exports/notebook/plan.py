"""What of one run decides which code its notebook needs."""

from dataclasses import dataclass
from typing import Literal

from core.checkpoints import catalogue
from core.checkpoints.permitted import EMBEDDED, is_permitted
from core.errors import InputError
from core.results.leading import opening
from core.results.metrics import METRICS, Metric
from core.results.result import SweepResult
from core.spec.answer import Answer
from core.spec.spec import SweepSpec

Form = Literal["token", "sequence", "set"]
"""How an answer is read: one token, several (teacher-forced), or several whose chances add up."""

Home = Literal["embedded", "folder", "hub"]
"""Where a model is loaded from."""


@dataclass(frozen=True)
class Plan:
    """A finished run, and the choices that its notebook's code follows.

    `n_positions` are the lengths of the passes: the target's and, where a teacher-forced foil
    needs one of its own, the foil's.
    """

    result: SweepResult
    target: Form
    foil: Form | None
    home: Home
    source: str

    @property
    def spec(self) -> SweepSpec:
        """What was asked."""
        return self.result.spec

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that the run has: what the notebook measures anew and compares."""
        return tuple(metric for metric in METRICS if metric.measures(self.result))

    @property
    def shown(self) -> Metric:
        """What the notebook's table is sorted by and its heatmap shows: what the run opens on."""
        return opening(self.result).metric

    @property
    def foil_has_pass(self) -> bool:
        """A teacher-forced foil cannot be read in the target's pass."""
        return self.foil == "sequence" and self.result.parts_at is None

    @property
    def n_prompt(self) -> int:
        """Tokens of the prompt, BOS included."""
        return len(self.result.tokens)

    @property
    def n_positions(self) -> tuple[int, ...]:
        """The length of each pass."""
        own = self.n_prompt + len(self.result.foil_tokens) - 1
        return (len(self.result.sequence), *((own,) if self.foil_has_pass else ()))

    @property
    def some_positions_are_past_an_end(self) -> bool:
        """Whether the passes differ in length and a chosen position is in the longer one only."""
        positions = self.spec.positions
        return isinstance(positions, tuple) and positions[-1] >= min(self.n_positions)

    @property
    def touches_first(self) -> bool:
        """Whether position 0 is among those ablated."""
        positions = self.spec.positions
        if isinstance(positions, tuple):
            return positions[0] == 0
        return positions == "all" or self.n_prompt == 1

    @property
    def touches_later(self) -> bool:
        """Whether any other position is."""
        positions = self.spec.positions
        if isinstance(positions, tuple):
            return positions[-1] > 0
        return max(self.n_positions) > 1 if positions == "all" else self.n_prompt > 1


def plan_of(result: SweepResult) -> Plan:
    """Read a run's choices; raises `InputError` for one that no notebook could repeat."""
    if not result.heads:
        raise InputError("run", "No head of this run is finished yet: export it a little later.")
    spec = result.spec
    if spec.prepend_bos is None:
        raise InputError(
            "prepend_bos", "This result does not say whether BOS was prepended: run it again."
        )
    foil = None if spec.foil is None else _form(spec.foil, result.foil_tokens)
    home, source = _home(spec.model)
    return Plan(result, _form(spec.target, result.target_tokens), foil, home, source)


def _form(answer: Answer, tokens: tuple[str, ...]) -> Form:
    if isinstance(answer, tuple):
        return "set"
    return "sequence" if len(tokens) > 1 else "token"


def _home(model: str) -> tuple[Home, str]:
    known = catalogue.entry(model)
    if known is not None and known.name == EMBEDDED:
        return "embedded", EMBEDDED
    if known is not None:
        return "hub", known.source
    # The disk is looked at for what may be loaded from it alone: an imported run may name anything.
    looked_at = catalogue.is_path if is_permitted(model) else catalogue.looks_like_path
    return ("folder" if looked_at(model) else "hub"), model
