"""Which models are loaded now, and whether what is on screen was swept on them."""

from dataclasses import replace
from typing import Any

from components.state.cached import prompt_tokens
from components.state.sealed import SealedSweep
from components.state.tab import session
from components.state.widgets import BOS, chosen_key, value
from core.checkpoints.registry import MODELS, key_of
from core.jobs import JOBS, Job, JobState
from core.prompts.tokens import TokenizedPrompt
from core.spec.reference_set import DEFAULT, is_part_of_default
from core.spec.spec import SweepSpec
from core.sweep.task import SweepTask


def live_model(name: str) -> Any | None:
    """The model of that name that the composer means, if it is loaded now; never waits."""
    if not name or session().models.is_untrusted(name):
        return None
    return MODELS.peek(chosen_key(name))


def live_for(spec: SweepSpec) -> Any | None:
    """The model of a spec, if it is loaded now; never waits."""
    return None if session().models.is_untrusted(spec.model) else MODELS.peek(key_of(spec))


def same_sweep(spec: SweepSpec, result: SealedSweep | None) -> bool:
    """Whether `result` answers `spec`, whose BOS may still be open."""
    if result is None:
        return False
    bos = result.spec.prepend_bos if spec.prepend_bos is None else spec.prepend_bos
    asked = spec.resolved(prepend_bos=bool(bos))
    if asked.reference == DEFAULT and is_part_of_default(result.spec.reference):
        asked = replace(asked, reference=result.spec.reference)  # all that the model can read of it
    return asked == result.spec and not outdated(result)


def outdated(result: SealedSweep) -> bool:
    """Whether the model of that name now loaded is another than the one that was swept."""
    model = live_for(result.spec)
    return model is not None and model.fingerprint != result.fingerprint


def finished(spec: SweepSpec) -> Job | None:
    """The job of a spec that this process has already swept."""
    job = JOBS.find(SweepTask(spec))
    return job if job is not None and job.state is JobState.DONE else None


def tokens_of(model: Any, prompt: str) -> TokenizedPrompt:
    """A prompt's tokens as the composer has a model read it, BOS included; raises `InputError`."""
    bos = chosen_bos(model)
    return prompt_tokens(model.tokenizer, model.fingerprint, model.name, prompt, bos=bos)


def chosen_bos(model: Any) -> bool:
    """Whether BOS goes first: the composer's choice, or the model's default."""
    chosen = BOS[value("bos")]
    return bool(model.default_prepend_bos) if chosen is None else chosen
