"""A sweep as a task: estimated where it is long, kept as soon as every head is in, found again.

Imports no torch: that comes with the work.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from core.errors import Cancelled, InputError
from core.jobs import Job, JobState
from core.jobs.task import OnSpec, Recalled, Step, Task, Work
from core.progress import map_steps
from core.results.layer_effects import LayerEffects, marked_heads
from core.results.result import SweepResult
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec
from core.store.keeper import Keeper
from core.store.run import Run
from core.sweep.estimate.attribution import Estimate

if TYPE_CHECKING:
    from core.model.loaded import LoadedModel
    from core.sweep.scorer import Scorer

MEASURING = "Measuring what replaces a head"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepOutput:
    """What a sweep has found, so far or at last.

    `estimate` is there where it was long enough for one, and was swept here; `layer_effects` once
    they are measured, after the result is complete.
    """

    result: SweepResult
    estimate: Estimate | None = None
    layer_effects: LayerEffects | None = None


@dataclass(frozen=True)
class SweepTask(OnSpec):
    """Every head ablated in turn; its output is a `SweepOutput`, kept once every head is in."""

    large: ClassVar[bool] = False
    kept: ClassVar[bool] = True

    @property
    def description(self) -> str:
        """What comes first."""
        return "Estimating every head"

    def work(self, model: "LoadedModel") -> Work:
        """The estimate where the sweep is long, then the sweep, then its layer effects."""
        from core.sweep.layer_sweep import iter_layer_effects
        from core.sweep.scorer import Scorer
        from core.sweep.sweep import sweep_with_progress

        scorer = Scorer(model, self.spec)
        estimate = yield from _estimated(scorer)
        found = None
        for result, fraction in sweep_with_progress(scorer):
            if found is None or result is not found.result:
                found = SweepOutput(result, estimate)
            try:
                yield Step(fraction, found, _description(result, fraction))
            except Cancelled:
                if not result.complete:
                    raise
                return found  # every head is in: a stop comes too late
        assert found is not None
        with _beside_the_point("layer effects"), suppress(Cancelled):  # the sweep is finished
            measuring = iter_layer_effects(scorer, marked_heads(found.result))
            layer_effects = yield from map_steps(
                measuring, lambda done: Step(done, description="Ablating whole layers")
            )
            found = replace(found, layer_effects=layer_effects)
        return found

    def resolved(self, model: "LoadedModel") -> Task:
        """With a BOS left open decided, as the model itself decides it.

        So is the default reference set, where the model cannot read the whole of it.
        """
        bos = self.spec.prepend_bos
        bos = model.default_prepend_bos if bos is None else bos
        spec = replace(self.spec, prepend_bos=bos)
        from core.sweep.prepare import readable_reference  # it imports torch, as the model has

        try:
            texts = readable_reference(model, spec, bos=bos)
        except InputError:  # the work says so
            return SweepTask(spec)
        return SweepTask(spec if texts in (None, DEFAULT) else replace(spec, reference=texts))

    def keep(
        self,
        keeper: Keeper,
        output: SweepOutput,
        before: SweepOutput | None,
        fingerprint: str | None = None,
    ) -> str | None:
        """At once when every head is in, since the layer effects may take long; then those."""
        if not output.result.complete:
            return None
        if before is None or not before.result.complete:
            return keeper.keep(output.result, output.layer_effects)
        if output.layer_effects is not None and before.layer_effects is None:
            with _beside_the_point("kept layer effects"):
                keeper.add_layer_effects(output.result, output.layer_effects)
        return None

    def recall(self, keeper: Keeper, fingerprint: str | None) -> Recalled | None:
        """The kept run of the spec."""
        run = keeper.find(self.spec, fingerprint)
        return None if run is None else recalled(run)

    def is_complete(self, output: SweepOutput) -> bool:
        """The command line measures no layer effects."""
        return output.layer_effects is not None


def recalled(run: Run) -> Recalled:
    """A kept run as what a `SweepTask` has found."""
    found = SweepOutput(run.result, layer_effects=run.layer_effects)
    return Recalled(found, run.result.provenance.model_fingerprint, run.id, run.created)


def spec_of(job: Job) -> SweepSpec | None:
    """What a job sweeps; None for any other job."""
    return job.task.spec if isinstance(job.task, SweepTask) else None


def output_of(job: Job) -> SweepOutput | None:
    """What a sweep's job has found so far; None before its baseline, and for any other job."""
    return job.output if isinstance(job.output, SweepOutput) else None


def result_of(job: Job | None) -> SweepResult | None:
    """The result of a sweep's job that is done; None before its end, and for any other job."""
    found = None if job is None else output_of(job)
    return None if found is None or job is None or job.state is not JobState.DONE else found.result


def _estimated(scorer: "Scorer") -> "Work":
    """The estimate, or None; measuring the replacements is most of what it waits for."""
    from core.sweep.estimate.preview import PREVIEW_SECONDS, preview

    with _beside_the_point("estimate"):
        yield from map_steps(scorer.replacements(), lambda done: Step(done, description=MEASURING))
        return preview(scorer, PREVIEW_SECONDS, None)
    return None


def _description(result: SweepResult, fraction: float | None) -> str:
    doing = MEASURING if fraction is None else "Ablating heads"
    done, total = len(result.heads), result.shape[0] * result.shape[1]
    return f"{doing}: {done} of {total} done" if done else doing


@contextmanager
def _beside_the_point(what: str) -> Iterator[None]:
    """Without estimate or layer effects a sweep is still a sweep; bad input stays an error."""
    try:
        yield
    except (Cancelled, InputError):
        raise
    except Exception as error:
        _log.error("No %s", what, exc_info=error)
