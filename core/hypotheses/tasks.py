"""The tests of a hypothesis, as tasks for the job lane."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.jobs.task import OnSpec, Step, Work, counted
from core.spec.heads import Head
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.sweep.scorer import Scorer


@dataclass(frozen=True)
class OnHeads(OnSpec):
    """A task on some heads of a spec."""

    heads: tuple[Head, ...]

    def work(self, model: "LoadedModel") -> Work:
        """Make the clean run, then measure."""
        from core.sweep.scorer import Scorer

        scorer = Scorer(model, self.spec)
        yield Step(None)
        return (yield from counted(self.measure(scorer)))

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """The task itself: yields the share done."""
        raise NotImplementedError


@dataclass(frozen=True)
class MeasureJoint(OnHeads):
    """The heads ablated together, one at a time, and beside other sets; a `JointTest`."""

    @property
    def said(self) -> str:
        """What is being done."""
        return "Ablating the heads together, and other sets like them"

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """One row a set."""
        from core.hypotheses.joint import joint_test

        return joint_test(scorer, self.heads)


@dataclass(frozen=True)
class MeasureInteractions(OnHeads):
    """How the heads act pair by pair; `Interactions`."""

    @property
    def said(self) -> str:
        """What is being done."""
        return "Ablating every pair of the heads"

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """One row a pair."""
        from core.hypotheses.interactions import interactions

        return interactions(scorer, self.heads)


@dataclass(frozen=True)
class Keep(OnHeads):
    """All heads but these ablated; a `Kept`."""

    @property
    def said(self) -> str:
        """What is being done."""
        return "Ablating all the other heads"

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """Two rows: these kept, and none."""
        from core.hypotheses.keep_only import keep_only

        return keep_only(scorer, self.heads)


@dataclass(frozen=True)
class FindSmallest(OnSpec):
    """The greedy search for a small set that keeps the answer; a `Search`, step by step."""

    max_size: int = 20

    @property
    def said(self) -> str:
        """What is being done."""
        return "Adding the head that keeps most, one after the other"

    def work(self, model: "LoadedModel") -> Work:
        """A partial result for each head found; in between, moments at which to stop."""
        from core.hypotheses.search import greedy
        from core.sweep.scorer import Scorer

        scorer = Scorer(model, self.spec)
        yield Step(None)
        found, n_steps = None, 0
        for found in greedy(scorer, self.max_size):
            more = len(found.steps) > n_steps
            n_steps = len(found.steps)
            yield Step(found.fraction, found if more else None)
        return found


@dataclass(frozen=True)
class OnVariants(OnSpec):
    """What the heads keep of the answer on variants of the prompt; `HeldOut`s, or why none.

    Up to `count` that are made, then `own`.
    """

    heads: tuple[Head, ...]
    count: int = 5
    own: tuple[SweepSpec, ...] = ()

    @property
    def said(self) -> str:
        """What is being done."""
        return "Trying the set on variants of the prompt"

    def work(self, model: "LoadedModel") -> Work:
        """The variants are made here: they need the model's tokenizer."""
        from core.hypotheses.held_out import held_out
        from core.hypotheses.variants import NO_VARIANTS, variants

        tried = (*variants(model, self.spec, self.count), *self.own)
        yield Step(None)
        if not tried:
            return NO_VARIANTS
        return (yield from counted(held_out(model, self.spec, self.heads, tried)))
