"""The OV circuit of a head: which tokens it promotes when it attends to a token, and its copying.

For a key position with normalised residual stream x, the head writes x W_V W_O. The gain of the
final norm and the unembedding turn this into logits: some tokens rise, others fall (Elhage et al.
2021). Two inputs x are used: the residual stream of this prompt, and the token's embedding alone.
The second misleads in late layers, where the residual stream is far from the embedding.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.circuits.residual_stream import additive_stack, head_values, head_weights
from core.engine import CleanStart
from core.model.frozen_norms import frozen, unscaled
from core.model.loaded import LoadedModel
from core.model.products import weight_of
from core.model.stack import Block
from core.progress import run_to_end, within
from core.prompts.tokens import token_text
from core.spec.heads import Head

SHOWN = 5
"""How many raised tokens, and how many lowered tokens, are listed for a key."""

_AT_ONCE = 64
"""Keys per batch: each needs a row of logits over the whole vocabulary."""
_TOKENS_AT_ONCE = 8192


@dataclass(frozen=True)
class PromotedTokens:
    """Logit effects of one head's write for one key: (token text, logit minus the mean logit).

    The mean is over the vocabulary. `raised` are the tokens with the highest values, highest
    first; `lowered` those with the lowest, lowest first. `own` is the value of the key's token.
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

    `from_resid_pre` uses the residual stream of the clean run, an attention weight of 1 and the
    final norm's scale at the answer's position. `from_embedding` uses the token's embedding alone,
    at another scale: only the order of its tokens has a meaning, not their sizes.
    """

    from_resid_pre: tuple[PromotedTokens, ...]
    from_embedding: tuple[PromotedTokens, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: for each of the two inputs a list with one entry a position."""
        return {
            "from_resid_pre": [promoted.to_dict() for promoted in self.from_resid_pre],
            "from_embedding": [promoted.to_dict() for promoted in self.from_embedding],
        }


Logits = Callable[[Float[Tensor, "key d_head"]], Float[Tensor, "key vocab"]]
"""From value vectors to the logits that the head adds by writing them, minus their mean."""


def ov_circuit(start: CleanStart, head: Head) -> OvCircuit:
    """`measure_ov_circuit`, run to its end."""
    return run_to_end(measure_ov_circuit(start, head))


def measure_ov_circuit(start: CleanStart, head: Head) -> Generator[float, None, OvCircuit]:
    """The tokens that a head would promote if it attended to one position of the clean run only.

    This is measured for every position. Yields the share done. Raises `UnavailableError`.
    """
    logits = _logits_of_values(start, head)
    promoted = partial(_all_promoted, start, logits)
    from_resid_pre = yield from within(promoted(head_values(start, head)), 0.0, 0.5)
    from_embedding = yield from within(promoted(_values_from_embedding(start, head)), 0.5, 1.0)
    return OvCircuit(from_resid_pre, from_embedding)


@torch.inference_mode()
def _values_from_embedding(start: CleanStart, head: Head) -> Float[Tensor, "key d_head"]:
    """The value vectors of the prompt's tokens, each computed from its embedding alone."""
    stack = additive_stack(start.model)
    lens = stack.blocks[head.layer].lens
    weights = lens.values()
    w_v = weights[head.head // (start.model.n_heads // len(weights))]
    embeddings = stack.words(start.tokens)
    values: Tensor = frozen(lens.norm, embeddings)(embeddings) @ w_v.T
    return values


@torch.inference_mode()
def _logits_of_values(start: CleanStart, head: Head) -> Logits:
    """From a head's value vectors to logits; norms keep the clean run's scale at the answer."""
    model, clean = start.model, start.clean
    stack = additive_stack(model)
    assert clean is not None
    block, at = stack.blocks[head.layer], start.read[0]
    out = frozen(block.lens.out_norm, block.lens.out(clean.z[head.layer][0, at].flatten()))
    norm = frozen(stack.ending.norm, clean.final[0, at])
    w_o = head_weights(block, model.n_heads)[head.head]

    def logits(values: Tensor) -> Tensor:
        unembedded = norm(out(values @ w_o)).float()
        for layer in stack.ending.parts:
            unembedded = unembedded @ weight_of(layer).float().T
        return unembedded - unembedded.mean(-1, keepdim=True)

    return logits


def _all_promoted(
    start: CleanStart, logits: Logits, values: Float[Tensor, "key d_head"]
) -> Generator[float, None, tuple[PromotedTokens, ...]]:
    """The promoted tokens of every key, `_AT_ONCE` keys at a time; yields the share done."""
    promoted: list[PromotedTokens] = []
    for part, ids in zip(values.split(_AT_ONCE), start.tokens.split(_AT_ONCE), strict=True):
        promoted += _promoted(start.model, logits, part, ids)
        yield len(promoted) / len(values)
    return tuple(promoted)


@torch.inference_mode()
def _promoted(
    model: LoadedModel,
    logits: Logits,
    values: Float[Tensor, "key d_head"],
    ids: Int[Tensor, " key"],
) -> list[PromotedTokens]:
    added = logits(values)
    count = min(SHOWN, added.shape[1])
    highest, lowest = added.topk(count), added.topk(count, largest=False)
    promoted = []
    for key, token in enumerate(ids):
        raised, lowered = (
            _with_text(model, top.indices[key], top.values[key]) for top in (highest, lowest)
        )
        promoted.append(PromotedTokens(raised, lowered, float(added[key, token])))
    return promoted


def _with_text(
    model: LoadedModel, ids: Int[Tensor, " token"], values: Float[Tensor, " token"]
) -> tuple[tuple[str, float], ...]:
    pairs = zip(ids.tolist(), values.tolist(), strict=True)
    return tuple((token_text(model.tokenizer, i), value) for i, value in pairs)


def copying_scores(model: LoadedModel) -> Float[np.ndarray, "layer head"]:
    """`measure_copying_scores`, run to its end."""
    return run_to_end(measure_copying_scores(model))


def measure_copying_scores(
    model: LoadedModel,
) -> Generator[float, None, Float[np.ndarray, "layer head"]]:
    """The copying score of each head, from -1 to 1: does its OV circuit raise the attended token?

    The score is the sum of the real parts of the eigenvalues over the sum of their moduli. The
    matrix is the full OV circuit W_E W_V W_O W_U on folded and centred weights (Elhage et al. 2021,
    "copying"). It has the size of the vocabulary but only rank d_head: its non-zero eigenvalues are
    those of W_O W_U W_E W_V, which is d_head x d_head. Yields the share done. Raises
    `UnavailableError`.
    """
    inner = yield from within(_unembedding_by_embedding(model), 0.0, 0.6)
    scores: list[np.ndarray] = []
    for block in additive_stack(model).blocks:
        scores.append(_copying(block, inner, model))
        yield 0.6 + 0.4 * len(scores) / model.n_layers
    return np.stack(scores)


def _unembedding_by_embedding(
    model: LoadedModel,
) -> Generator[float, None, Float[Tensor, "d_model d_model"]]:
    """The final norm's linear part times W_U W_E.

    W_U W_E is a sum over tokens, added up `_TOKENS_AT_ONCE` at a time. Yields the share done.
    """
    into, mean = _into_unembedding(model)
    n_tokens = min(model.d_vocab, len(weight_of(additive_stack(model).ending.parts[-1])))
    inner = torch.zeros(into.shape[1], model.d_model, device=model.device)
    for ids in torch.arange(n_tokens, device=model.device).split(_TOKENS_AT_ONCE):
        inner = inner + _sum_over_tokens(model, ids, mean)
        yield (int(ids[-1]) + 1) / n_tokens
    return into @ inner


@torch.inference_mode()
def _into_unembedding(
    model: LoadedModel,
) -> tuple[Float[Tensor, "d_model d_unembed"], Float[Tensor, " d_unembed"]]:
    """The linear map from the residual stream to the input of W_U, and W_U's mean over tokens."""
    stack = additive_stack(model)
    *before, last = stack.ending.parts
    unembedding = weight_of(last)
    # The norm without scale and bias is linear: applied to the unit vectors it gives its matrix.
    unit = torch.eye(model.d_model, device=model.device, dtype=unembedding.dtype)
    into = unscaled(stack.ending.norm)(unit).float()
    for layer in before:
        into = into @ weight_of(layer).float().T
    return into, unembedding.float().mean(0)


@torch.inference_mode()
def _sum_over_tokens(
    model: LoadedModel, ids: Int[Tensor, " token"], mean: Float[Tensor, " d_unembed"]
) -> Float[Tensor, "d_unembed d_model"]:
    """The part of W_U W_E that the tokens `ids` contribute, with W_U centred by `mean`."""
    stack = additive_stack(model)
    unembedding = weight_of(stack.ending.parts[-1])[ids].float() - mean
    return unembedding.T @ stack.words(ids).float()


@torch.inference_mode()
def _copying(
    block: Block, inner: Float[Tensor, "d_model d_model"], model: LoadedModel
) -> Float[np.ndarray, " head"]:
    """The copying scores of one layer's heads."""
    lens = block.lens
    shared = model.n_heads // len(lens.values())
    w_v = lens.values().float().repeat_interleave(shared, dim=0)  # head, d_head, d_model
    into = unscaled(lens.norm)(torch.eye(model.d_model, device=model.device).to(inner)).float()
    w_v = (into @ w_v.transpose(1, 2)).double()
    w_o = unscaled(lens.out_norm)(head_weights(block, model.n_heads)).double()
    values = torch.linalg.eigvals(w_o @ inner.double() @ w_v)
    scores: np.ndarray = (values.real.sum(-1) / values.abs().sum(-1)).cpu().numpy()
    return scores
