"""Estimates every head's effect from one pass forward: see `core.sweep.estimate.attribution`."""

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.engine import gradients
from core.model.loaded import LoadedModel
from core.prompts.tokens import TokenizedAnswer
from core.spec.ablation import AblationKind
from core.sweep.estimate.attribution import Estimate
from core.sweep.prepare import Prepared
from core.sweep.replacements import Replacement
from core.sweep.scorer import Scorer
from core.sweep.scores import answer_logprob


def estimate(scorer: Scorer, replacements: Mapping[TokenizedAnswer, Replacement]) -> Estimate:
    """Estimate every head's effect under the spec's kind of ablation."""
    model, prepared = scorer.model, scorer.prepared
    target, foil = prepared.target, prepared.foil
    together = (target,) if foil is None or not prepared.foil_in_same_pass else (target, foil)
    logprobs, changes = _effects(model, prepared, replacements[target], together)
    if foil is not None and len(together) == 1:
        changes += _effects(model, prepared, replacements[foil], (foil,))[1]
    on_target = changes[0]
    prob = np.exp(np.minimum(0.0, logprobs[0] + on_target)) - np.exp(logprobs[0])
    return Estimate(prob, on_target, None if foil is None else on_target - changes[1])


def _effects(
    model: LoadedModel,
    prepared: Prepared,
    replacement: Replacement,
    answers: Sequence[TokenizedAnswer],
) -> tuple[tuple[float, ...], list[np.ndarray]]:
    """Log prob of each answer in the first one's pass, and each head's estimated change of it."""
    tokens = prepared.sequence(answers[0]).to(model.device)

    def logprob_of(answer: TokenizedAnswer) -> Callable[[Tensor], Tensor]:
        return lambda logits: answer_logprob(logits.float().log_softmax(-1)[None], answer)[0]

    found = gradients(model, tokens, prepared.read(answers[0]), [logprob_of(a) for a in answers])
    change = torch.stack(
        [_replaced(model, replacement, layer, z) - z for layer, z in enumerate(found.z)]
    )
    if replacement.positions is not None:
        keep = torch.zeros(len(tokens), dtype=torch.bool, device=change.device)
        keep[[p for p in replacement.positions if p < len(tokens)]] = True
        change = change * keep[:, None, None]
    effects = [(change * slope).sum((1, 3)).double().cpu().numpy() for slope in found.slopes]
    return found.values, effects


def _replaced(
    model: LoadedModel,
    replacement: Replacement,
    layer: int,
    z: Float[Tensor, "pos head d_head"],
) -> Float[Tensor, "pos head d_head"]:
    """Every head's z as its ablation would leave it."""
    shift = model.value_shift[layer].to(z)
    match replacement.computed:
        case AblationKind.ZERO:
            return shift.expand_as(z)
        case AblationKind.MEAN_ACROSS_HEADS:
            return (z - shift).mean(dim=1, keepdim=True) + shift
        case None:
            assert replacement.z is not None
            return replacement.z[layer].to(z)
        case never:
            assert_never(never)
