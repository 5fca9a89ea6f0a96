"""Which models are loaded now, and whether what is on screen was swept on them."""

from typing import Any

from components.state.tab import session
from components.state.widgets import BOS, value
from core.checkpoints.registry import MODELS, ModelKey, key_of, model_key
from core.jobs import JOBS, Job, JobState
from core.results.result import SweepResult
from core.spec.spec import SweepSpec
from core.sweep.task import SweepTask


def chosen_key(name: str) -> ModelKey:
    """The key of a model with the composer's number format and weights."""
    return model_key(name, value("dtype"), value("weights"))


def live_model(name: str) -> Any | None:
    """The model of that name that the composer means, if it is loaded now; never waits."""
    return MODELS.peek(chosen_key(name)) if name and not session().is_unasked(name) else None


def live_for(spec: SweepSpec) -> Any | None:
    """The model of a spec, if it is loaded now; never waits."""
    return None if session().is_unasked(spec.model) else MODELS.peek(key_of(spec))


def same_sweep(spec: SweepSpec, result: SweepResult | None) -> bool:
    """Whether `result` answers `spec`, whose BOS may still be open."""
    if result is None:
        return False
    bos = result.spec.prepend_bos if spec.prepend_bos is None else spec.prepend_bos
    return spec.resolved(prepend_bos=bool(bos)) == result.spec and not outdated(result)


def outdated(result: SweepResult) -> bool:
    """Whether the model of that name now loaded is another than the one that was swept."""
    model = live_for(result.spec)
    return model is not None and model.fingerprint != result.provenance.model_fingerprint


def finished(spec: SweepSpec) -> Job | None:
    """The job of a spec that this process has already swept."""
    job = JOBS.find(SweepTask(spec))
    return job if job is not None and job.state is JobState.DONE else None


def chosen_bos(model: Any) -> bool:
    """Whether BOS goes first: the composer's choice, or the model's default."""
    chosen = BOS[value("bos")]
    return bool(model.default_prepend_bos) if chosen is None else chosen
