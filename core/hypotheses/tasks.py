"""Tasks for the job lane: the tests of a hypothesis."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.jobs.task import OnSpec, Step, Work, counted
from core.spec.heads import Head
from core.spec.members import Member, heads_of
from core.spec.spec import SweepSpec

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.sweep.scorer import Scorer


@dataclass(frozen=True)
class OnHeads(OnSpec):
    """A task on some heads and MLPs of a spec's model."""

    heads: tuple[Member, ...]

    def work(self, model: "LoadedModel") -> Work:
        """Do the clean run, then measure."""
        from core.sweep.scorer import Scorer

        scorer = Scorer(model, self.spec)
        yield Step(None)
        return (yield from counted(self.measure(scorer)))

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """The measurement itself, on the clean run of `scorer`; yields the share done."""
        raise NotImplementedError


@dataclass(frozen=True)
class MeasureJoint(OnHeads):
    """Ablate the set together, each member alone, and comparison sets; returns a `JointTest`."""

    @property
    def description(self) -> str:
        """What is being done."""
        return "Ablating the set together, and other sets like it"

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """Each set is one batch row."""
        from core.hypotheses.joint import joint_test

        return joint_test(scorer, self.heads)


@dataclass(frozen=True)
class MeasureSetDose(OnHeads):
    """Scale what the set's heads write, together, from nothing to twice as much; a `Dose`."""

    @property
    def description(self) -> str:
        """What is being done."""
        return "Scaling the heads together"

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """Each factor is one batch row."""
        from core.circuits.dose import measure_dose

        return measure_dose(scorer, heads_of(self.heads))


@dataclass(frozen=True)
class MeasureInteractions(OnHeads):
    """Measure the pairwise interactions of the set; returns `Interactions`."""

    @property
    def description(self) -> str:
        """What is being done."""
        return "Ablating every pair of the set"

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """Each member and each pair is one batch row."""
        from core.hypotheses.interactions import interactions

        return interactions(scorer, self.heads)


@dataclass(frozen=True)
class MeasureKeepOnly(OnHeads):
    """Ablate all heads but these; returns a `KeptOnly`."""

    @property
    def description(self) -> str:
        """What is being done."""
        return "Ablating all the others"

    def measure(self, scorer: "Scorer") -> Generator[float, None, Any]:
        """Two batch rows: one keeps these, one keeps none."""
        from core.hypotheses.keep_only import keep_only

        return keep_only(scorer, self.heads)


@dataclass(frozen=True)
class SearchGreedy(OnSpec):
    """Greedy search, in both directions, for a small set that keeps the answer; a `Search`."""

    max_size: int = 20
    enough: float = 1.0

    @property
    def description(self) -> str:
        """What is being done."""
        return "Adding the head that keeps most, then dropping the one that costs least"

    def work(self, model: "LoadedModel") -> Work:
        """Yields a partial result after each step, and progress in between."""
        from core.hypotheses.search import greedy
        from core.sweep.scorer import Scorer

        scorer = Scorer(model, self.spec)
        yield Step(None)
        found, n_steps = None, 0
        for found in greedy(scorer, self.max_size, self.enough):
            n_now = len(found.forward.steps) + len(found.backward.steps)
            more, n_steps = n_now > n_steps, n_now
            yield Step(found.fraction, found if more else None)
        return found


@dataclass(frozen=True)
class MeasureVariants(OnSpec):
    """Keep only the heads on variants of the prompt: up to `count` generated ones, then `own`.

    Returns one `HeldOut` per variant, or a text that says why there is no variant.
    """

    heads: tuple[Head, ...]
    count: int = 5
    own: tuple[SweepSpec, ...] = ()

    @property
    def description(self) -> str:
        """What is being done."""
        return "Trying the set on variants of the prompt"

    def work(self, model: "LoadedModel") -> Work:
        """The variants are generated here, because they need the model's tokenizer."""
        from core.hypotheses.held_out import held_out
        from core.hypotheses.variants import NO_VARIANTS, variants

        all_variants = (*variants(model, self.spec, self.count), *self.own)
        yield Step(None)
        if not all_variants:
            return NO_VARIANTS
        return (yield from counted(held_out(model, self.spec, self.heads, all_variants)))
