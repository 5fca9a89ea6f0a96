"""Estimates every head's effect from one pass forward and one back: see `core.attribution`."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.ablation import AblationKind
from core.attribution import Estimate
from core.engine import gradients
from core.metrics import answer_logprob
from core.model import LoadedModel
from core.prepared import Prepared
from core.replacements import Replacement
from core.tokens import TokenizedAnswer


def estimate(
    model: LoadedModel,
    prepared: Prepared,
    replacements: Mapping[TokenizedAnswer, Replacement],
) -> Estimate:
    """Estimate every head's effect under the spec's kind of ablation."""
    target, foil = prepared.target, prepared.foil
    logprob, on_target = _effects(model, prepared, replacements[target], target, target)
    logit_diff = None
    if foil is not None:
        own = target if prepared.foil_in_same_pass else foil
        _, on_foil = _effects(model, prepared, replacements[own], own, foil)
        logit_diff = on_target - on_foil
    prob = np.exp(np.minimum(0.0, logprob + on_target)) - np.exp(logprob)
    return Estimate(prob, on_target, logit_diff)


def _effects(
    model: LoadedModel,
    prepared: Prepared,
    replacement: Replacement,
    sequence: TokenizedAnswer,
    answer: TokenizedAnswer,
) -> tuple[float, np.ndarray]:
    """Log prob of `answer` in the pass of `sequence`, and each head's estimated change of it."""
    tokens, read = prepared.sequence(sequence).to(model.device), prepared.read(sequence)

    def logprob(logits: Float[Tensor, "read vocab"]) -> Float[Tensor, ""]:
        return answer_logprob(logits.float().log_softmax(-1)[None], answer)[0]

    value, z, slope = gradients(model, tokens, read, logprob)
    found = torch.empty(model.n_layers, model.n_heads)
    for layer in range(model.n_layers):
        change = _replaced(model, replacement, layer, z[layer]) - z[layer]
        if replacement.positions is not None:
            keep = torch.zeros(len(tokens), dtype=torch.bool, device=z.device)
            keep[[p for p in replacement.positions if p < len(tokens)]] = True
            change = change * keep[:, None, None]
        found[layer] = (change * slope[layer]).sum((0, 2)).cpu()
    return value, found.double().numpy()


def _replaced(
    model: LoadedModel,
    replacement: Replacement,
    layer: int,
    z: Float[Tensor, "pos head d_head"],
) -> Float[Tensor, "pos head d_head"]:
    """Every head's z as its ablation would leave it."""
    shift = model.value_shift[layer].to(z)
    if replacement.kind is AblationKind.ZERO:
        return shift.expand_as(z)
    if replacement.kind is AblationKind.MEAN_ACROSS_HEADS:
        return (z - shift).mean(dim=1, keepdim=True) + shift
    assert replacement.z is not None
    return replacement.z[layer].to(z)
