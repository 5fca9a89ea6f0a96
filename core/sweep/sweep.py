"""The head sweep: ablate every head in turn and score what the answer loses.

`SweepSpec` only generates the list of single-head interventions; scoring works for any list.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import metadata

import torch

from core.engine import start_clean
from core.errors import InputError
from core.model.loaded import LoadedModel
from core.progress import constant_steps
from core.prompts import tokens as tk
from core.prompts.reference import longest_if_shorter
from core.results.result import Baseline, HeadEffect, Provenance, SweepResult, Top
from core.spec.heads import Head, all_heads
from core.spec.spec import SweepSpec
from core.sweep.precision import with_precision
from core.sweep.prepare import Prepared
from core.sweep.scorer import Scorer, baseline_of, head_effects, top_of
from core.sweep.scores import log_probs, score


def iter_sweep(
    model: LoadedModel, spec: SweepSpec, memory_budget: int | None = None
) -> Iterator[SweepResult]:
    """Sweep every head, yielding the result so far as it grows: stop whenever you like.

    The first has the baseline and no heads, the last is complete; between them, one may be the
    same as the one before, as a chance to stop. Raises `InputError` for a spec that does not fit
    the model. Rows are chunked to `memory_budget` bytes of activations (None: the setting's).
    """
    for result, _ in sweep_with_progress(Scorer(model, spec, memory_budget)):
        yield result


def run_sweep(model: LoadedModel, spec: SweepSpec, memory_budget: int | None = None) -> SweepResult:
    """Sweep every head and return the finished result."""
    return deque(iter_sweep(model, spec, memory_budget), maxlen=1).pop()


def sweep_with_progress(scorer: Scorer) -> Iterator[tuple[SweepResult, float | None]]:
    """`iter_sweep`, with the share of the work that is done (None while it cannot be said)."""
    started = time.perf_counter() - scorer.seconds
    model, prepared = scorer.model, scorer.prepared
    baseline = baseline_of(model, scorer.baseline)
    heads = all_heads(model.n_layers, model.n_heads)
    effects: dict[Head, HeadEffect] = {}

    def so_far() -> SweepResult:
        seconds = time.perf_counter() - started
        return _result(model, prepared, baseline, effects, seconds)

    result = so_far()
    yield result, None
    replacements = yield from constant_steps(scorer.replacements(), (result, None))
    for rows in scorer.rows(lambda answer: [(replacements[answer].edit(h),) for h in heads]):
        if rows.indices:
            found = head_effects(model, rows, scorer.baseline, heads)
            effects.update((effect.address, effect) for effect in found)
            result = so_far()
            if result.complete:
                result = with_precision(model, scorer, result)
        yield result, rows.fraction


def predict(model: LoadedModel, prompt: tk.TokenizedPrompt) -> Top:
    """The model's own most probable next tokens after a prompt."""
    if len(prompt) > model.n_ctx:
        raise InputError(
            "prompt",
            f"The prompt has {len(prompt):,} tokens; {model.name} reads at most {model.n_ctx:,}. "
            "Shorten the prompt or choose a model with a longer context.",
        )
    tk.check_embedded(prompt.ids, model.d_vocab, "prompt")
    nothing = tk.TokenizedAnswer(((prompt.ids[-1],),), ("",))
    start = start_clean(model, torch.tensor(prompt.ids), (len(prompt) - 1,))
    scores = score(start.logits[None], log_probs(start.logits[None])[0], nothing)
    return top_of(model, scores, 0)


def _result(
    model: LoadedModel,
    prepared: Prepared,
    baseline: Baseline,
    effects: dict[Head, HeadEffect],
    seconds: float,
) -> SweepResult:
    return SweepResult(
        spec=prepared.spec,
        shape=(model.n_layers, model.n_heads),
        tokens=prepared.prompt.texts,
        special=prepared.prompt.special,
        target_tokens=prepared.target.texts,
        foil_tokens=() if prepared.foil is None else prepared.foil.texts,
        baseline=baseline,
        heads=tuple(effects[head] for head in sorted(effects)),
        provenance=replace(provenance(model, seconds), reference_longest=_longest(model, prepared)),
        parts_at=prepared.parts_at,
    )


def _longest(model: LoadedModel, prepared: Prepared) -> int | None:
    """The longest reference text's tokens, where they are fewer than the prompt's."""
    reference, prompt = prepared.spec.reference, prepared.prompt
    if reference is None:
        return None
    return longest_if_shorter(model.tokenizer, reference, len(prompt), prepend_bos=prompt.has_bos)


def provenance(model: LoadedModel, seconds: float) -> Provenance:
    """Where numbers measured on this model come from."""
    return Provenance(
        headsweep=_version("headsweep"),
        transformer_lens=_version("transformer_lens"),
        torch=str(torch.__version__),
        model_fingerprint=model.fingerprint,
        device=model.device,
        dtype=model.dtype,
        seconds=round(seconds, 4),
        slower_because=model.slower_because or None,
    )


@cache
def _version(package: str) -> str:
    """A package's version: every partial result states it, and each reading takes milliseconds."""
    return metadata.version(package)
