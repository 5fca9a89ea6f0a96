"""Estimates every head's effect from one pass forward: see `core.sweep.estimate.attribution`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.engine import gradients
from core.engine.gradients import Objective
from core.model.loaded import LoadedModel
from core.prompts.tokens import TokenizedAnswer
from core.results.metrics import METRICS
from core.spec.ablation import AblationKind
from core.sweep.estimate.attribution import Estimate
from core.sweep.replacements import Replacement
from core.sweep.scorer import Scorer
from core.sweep.scores import answer_logprob, entropy, margin


def estimate(scorer: Scorer, replacements: Mapping[TokenizedAnswer, Replacement]) -> Estimate:
    """Estimate every head's effect under the spec's kind of ablation.

    What `core.results.scores` calls log prob, log odds, margin, entropy and the foil's log prob is
    estimated, and every metric with an estimate computed from it as from what is measured.
    """
    prepared, clean = scorer.prepared, scorer.baseline
    target, foil = prepared.target, prepared.foil
    wanted: dict[str, Objective] = {"logprob": _logprob(target), "entropy": _entropy}
    if clean.margin is not None:
        wanted["margin"] = _margin(target)
    if prepared.compared is not None:
        part, other = prepared.compared
        wanted["foil_logprob"] = _logprob(other)
        if clean.part_logprob is not None:
            wanted["part_logprob"] = _logprob(part)
    found = _slopes(scorer, replacements[target], target, wanted)
    if foil is not None and not prepared.foil_in_same_pass:
        alone: dict[str, Objective] = {"foil_logprob": _logprob(foil)}
        found |= _slopes(scorer, replacements[foil], foil, alone)
    shape = found["logprob"].shape
    # Where P changes by P dlogP, log(P / (1 - P)) changes by dlogP / (1 - P).
    found["logodds"] = found["logprob"] * np.exp(clean.logodds - clean.logprob)
    guessed = {name: getattr(clean, name) + each.ravel() for name, each in found.items()}
    rows = replace(clean, **guessed)
    effects = {m.field: m.change(rows, clean) for m in METRICS if m.has_estimate}
    return Estimate(
        {field: each.reshape(shape) for field, each in effects.items() if each is not None}
    )


def _logprob(answer: TokenizedAnswer) -> Objective:
    return lambda logits: answer_logprob(logits.float().log_softmax(-1)[None], answer)[0]


def _margin(answer: TokenizedAnswer) -> Objective:
    def read(logits: Tensor) -> Tensor:
        found = margin(logits[:1].float().log_softmax(-1), answer)
        assert found is not None
        return found[0]

    return read


def _entropy(logits: Tensor) -> Tensor:
    return entropy(logits[:1].float().log_softmax(-1))[0]


def _slopes(
    scorer: Scorer,
    replacement: Replacement,
    answer: TokenizedAnswer,
    wanted: Mapping[str, Objective],
) -> dict[str, np.ndarray]:
    """Each head's estimated change (layer, head) of what is wanted in the pass of `answer`."""
    model, prepared = scorer.model, scorer.prepared
    tokens = prepared.sequence(answer).to(model.device)
    found = gradients(model, tokens, prepared.read(answer), list(wanted.values()))
    change = torch.stack(
        [_replaced(model, replacement, layer, z) - z for layer, z in enumerate(found.z)]
    )
    if replacement.positions is not None:
        keep = torch.zeros(len(tokens), dtype=torch.bool, device=change.device)
        keep[[p for p in replacement.positions if p < len(tokens)]] = True
        change = change * keep[:, None, None]
    effects = [(change * slope).sum((1, 3)).double().cpu().numpy() for slope in found.slopes]
    return dict(zip(wanted, effects, strict=True))


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
