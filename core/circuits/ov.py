"""The OV circuit: what a head promotes when it looks at a token, and whether it copies.

For a key's normalised stream x, the head writes x W_V W_O; through the final norm's gain and the
unembedding that raises some tokens and lowers others (Elhage et al. 2021). Read twice: from the
stream as it is on this prompt, and from the token's embedding alone, which misleads in late
layers, where the stream is far from the embedding.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.circuits.stream import head_weights, own_values, stack_of_sums
from core.engine import Start
from core.heads import Head
from core.models.loaded import LoadedModel
from core.prompts.tokens import token_text
from core.wiring.frozen import frozen, unscaled
from core.wiring.products import weight_of

SHOWN = 5
"""Tokens named on either side."""

_AT_ONCE = 64


@dataclass(frozen=True)
class Promoted:
    """What a head writes for one key, as tokens: (text, logits above the vocabulary's mean).

    `raised` and `lowered` are the furthest of each, `own` is the key's own token's.
    """

    raised: tuple[tuple[str, float], ...]
    lowered: tuple[tuple[str, float], ...]
    own: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "raised": [list(pair) for pair in self.raised],
            "lowered": [list(pair) for pair in self.lowered],
            "own": self.own,
        }


@dataclass(frozen=True)
class OvCircuit:
    """A head's OV circuit at every position of a prompt.

    `here` reads the stream as it is, at attention 1 and the final norm's scale at the answer;
    `from_embedding` the token alone, at a scale of its own: only its order means something.
    """

    here: tuple[Promoted, ...]
    from_embedding: tuple[Promoted, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, a list over the prompt's positions for each reading."""
        return {
            "here": [each.to_dict() for each in self.here],
            "from_embedding": [each.to_dict() for each in self.from_embedding],
        }


@torch.inference_mode()
def ov_circuit(start: Start, head: Head) -> OvCircuit:
    """What a head would promote for each token of a clean run's prompt, if it looked there only."""
    stack = stack_of_sums(start.model)
    lens = stack.blocks[head.layer].lens
    weights = lens.values()
    w_v = weights[head.head // (start.model.n_heads // len(weights))]
    words = stack.words(start.tokens)
    alone = frozen(lens.norm, words)(words) @ w_v.T
    here = own_values(start, head)
    return OvCircuit(_promoted(start, head, here), _promoted(start, head, alone))


def _promoted(
    start: Start, head: Head, values: Float[Tensor, "key d_head"]
) -> tuple[Promoted, ...]:
    """Keys a few at a time: their logits take the whole vocabulary's room."""
    model, clean = start.model, start.clean
    stack = stack_of_sums(model)
    assert clean is not None
    block, at = stack.blocks[head.layer], start.read[0]
    out = frozen(block.lens.out_norm, block.lens.out(clean.z[head.layer][0, at].flatten()))
    norm = frozen(stack.ending.norm, clean.final[0, at])
    w_o = head_weights(block, model.n_heads)[head.head]
    found: list[Promoted] = []
    for part, ids in zip(values.split(_AT_ONCE), start.tokens.split(_AT_ONCE), strict=True):
        logits = norm(out(part @ w_o)).float()
        for layer in stack.ending.parts:
            logits = logits @ weight_of(layer).float().T
        logits -= logits.mean(-1, keepdim=True)
        count = min(SHOWN, logits.shape[1])
        most, least = logits.topk(count), logits.topk(count, largest=False)
        for key, token in enumerate(ids):
            raised, lowered = (
                _named(model, ends.indices[key], ends.values[key]) for ends in (most, least)
            )
            found.append(Promoted(raised, lowered, float(logits[key, token])))
    return tuple(found)


def _named(
    model: LoadedModel, ids: Int[Tensor, " token"], values: Float[Tensor, " token"]
) -> tuple[tuple[str, float], ...]:
    pairs = zip(ids.tolist(), values.tolist(), strict=True)
    return tuple((token_text(model.tokenizer, i), value) for i, value in pairs)


@torch.inference_mode()
def copying_scores(model: LoadedModel) -> Float[np.ndarray, "layer head"]:
    """How far each head's OV circuit raises the very token it looks at, from -1 to 1.

    The sum of the eigenvalues' real parts over the sum of their moduli, of the full OV circuit
    W_E W_V W_O W_U on folded and centred weights (Elhage et al. 2021, "copying"). The circuit is
    as wide as the vocabulary, but its rank is d_head: the eigenvalues are those of the small
    product taken the other way round.
    """
    stack = stack_of_sums(model)
    *before, last = stack.ending.parts
    unembedding = weight_of(last)
    mean = unembedding.float().mean(0)
    inner = torch.zeros(model.d_model, model.d_model, device=model.device)
    final = unscaled(stack.ending.norm)
    # final is a centring and a gain, d: (final W_U)^T = final^T W_U^T, and its rows are those of
    # the unit vectors.
    through = final(torch.eye(model.d_model, device=model.device, dtype=unembedding.dtype)).float()
    for layer in before:
        through = through @ weight_of(layer).float().T
    for ids in torch.arange(min(model.d_vocab, len(unembedding)), device=model.device).split(8192):
        inner += through @ (unembedding[ids].float() - mean).T @ stack.words(ids).float()
    scores = []
    for block in stack.blocks:
        lens = block.lens
        shared = model.n_heads // len(lens.values())
        w_v = lens.values().float().repeat_interleave(shared, dim=0)  # head, d_head, d_model
        into = unscaled(lens.norm)(torch.eye(model.d_model, device=model.device).to(inner)).float()
        w_v = (into @ w_v.transpose(1, 2)).double()
        w_o = unscaled(lens.out_norm)(head_weights(block, model.n_heads)).double()
        values = torch.linalg.eigvals(w_o @ inner.double() @ w_v)
        scores.append((values.real.sum(-1) / values.abs().sum(-1)).cpu().numpy())
    return np.stack(scores)
