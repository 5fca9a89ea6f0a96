"""The OV circuit: what a head promotes when it looks at a token, and whether it copies.

For a key's normalised stream x, the head writes x W_V W_O; through the final norm's gain and the
unembedding that raises some tokens and lowers others (Elhage et al. 2021). Read twice: from the
stream as it is on this prompt, and from the token's embedding alone, which misleads in late
layers, where the stream is far from the embedding.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.circuits.residual_stream import head_weights, own_values, stack_of_sums
from core.engine import Start
from core.model.frozen_norms import frozen, unscaled
from core.model.loaded import LoadedModel
from core.model.products import weight_of
from core.model.stack import Block
from core.progress import run_to_end, within
from core.prompts.tokens import token_text
from core.spec.heads import Head

SHOWN = 5
"""Tokens named on either side."""

_AT_ONCE = 64
"""Keys whose logits are held together: each has the whole vocabulary's."""
_WORDS_AT_ONCE = 8192


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


Logits = Callable[[Float[Tensor, "key d_head"]], Float[Tensor, "key vocab"]]
"""What a head that moves these values adds to the logits."""


def ov_circuit(start: Start, head: Head) -> OvCircuit:
    """`promoting`, run to its end."""
    return run_to_end(promoting(start, head))


def promoting(start: Start, head: Head) -> Generator[float, None, OvCircuit]:
    """What a head would promote for each token of a clean run's prompt, if it looked there only.

    Yields the share done. Raises `UnavailableError`.
    """
    logits = _reading(start, head)
    here = yield from within(_all_promoted(start, logits, own_values(start, head)), 0.0, 0.5)
    alone = yield from within(_all_promoted(start, logits, _from_words(start, head)), 0.5, 1.0)
    return OvCircuit(here, alone)


@torch.inference_mode()
def _from_words(start: Start, head: Head) -> Float[Tensor, "key d_head"]:
    """The values of the prompt's tokens, each read off its embedding alone."""
    stack = stack_of_sums(start.model)
    lens = stack.blocks[head.layer].lens
    weights = lens.values()
    w_v = weights[head.head // (start.model.n_heads // len(weights))]
    words = stack.words(start.tokens)
    values: Tensor = frozen(lens.norm, words)(words) @ w_v.T
    return values


@torch.inference_mode()
def _reading(start: Start, head: Head) -> Logits:
    """From a head's values to logits, norms held at the clean run's scale at the answer."""
    model, clean = start.model, start.clean
    stack = stack_of_sums(model)
    assert clean is not None
    block, at = stack.blocks[head.layer], start.read[0]
    out = frozen(block.lens.out_norm, block.lens.out(clean.z[head.layer][0, at].flatten()))
    norm = frozen(stack.ending.norm, clean.final[0, at])
    w_o = head_weights(block, model.n_heads)[head.head]

    def logits(values: Tensor) -> Tensor:
        found = norm(out(values @ w_o)).float()
        for layer in stack.ending.parts:
            found = found @ weight_of(layer).float().T
        return found - found.mean(-1, keepdim=True)

    return logits


def _all_promoted(
    start: Start, logits: Logits, values: Float[Tensor, "key d_head"]
) -> Generator[float, None, tuple[Promoted, ...]]:
    """Keys a few at a time: yields the share done."""
    found: list[Promoted] = []
    for part, ids in zip(values.split(_AT_ONCE), start.tokens.split(_AT_ONCE), strict=True):
        found += _promoted(start.model, logits, part, ids)
        yield len(found) / len(values)
    return tuple(found)


@torch.inference_mode()
def _promoted(
    model: LoadedModel,
    logits: Logits,
    values: Float[Tensor, "key d_head"],
    ids: Int[Tensor, " key"],
) -> list[Promoted]:
    found = logits(values)
    count = min(SHOWN, found.shape[1])
    most, least = found.topk(count), found.topk(count, largest=False)
    promoted = []
    for key, token in enumerate(ids):
        raised, lowered = (
            _named(model, ends.indices[key], ends.values[key]) for ends in (most, least)
        )
        promoted.append(Promoted(raised, lowered, float(found[key, token])))
    return promoted


def _named(
    model: LoadedModel, ids: Int[Tensor, " token"], values: Float[Tensor, " token"]
) -> tuple[tuple[str, float], ...]:
    pairs = zip(ids.tolist(), values.tolist(), strict=True)
    return tuple((token_text(model.tokenizer, i), value) for i, value in pairs)


def copying_scores(model: LoadedModel) -> Float[np.ndarray, "layer head"]:
    """`copying`, run to its end."""
    return run_to_end(copying(model))


def copying(model: LoadedModel) -> Generator[float, None, Float[np.ndarray, "layer head"]]:
    """How far each head's OV circuit raises the very token it looks at, from -1 to 1.

    The sum of the eigenvalues' real parts over the sum of their moduli, of the full OV circuit
    W_E W_V W_O W_U on folded and centred weights (Elhage et al. 2021, "copying"). The circuit is
    as wide as the vocabulary, but its rank is d_head: the eigenvalues are those of the small
    product taken the other way round. Yields the share done. Raises `UnavailableError`.
    """
    inner = yield from within(_through_words(model), 0.0, 0.6)
    scores: list[np.ndarray] = []
    for block in stack_of_sums(model).blocks:
        scores.append(_copying(block, inner, model))
        yield 0.6 + 0.4 * len(scores) / model.n_layers
    return np.stack(scores)


def _through_words(model: LoadedModel) -> Generator[float, None, Float[Tensor, "d_model d_model"]]:
    """W_U W_E with the final norm before it: a few words at a time, whose sum it is."""
    into, mean = _into_unembedding(model)
    n_words = min(model.d_vocab, len(weight_of(stack_of_sums(model).ending.parts[-1])))
    inner = torch.zeros(into.shape[1], model.d_model, device=model.device)
    for ids in torch.arange(n_words, device=model.device).split(_WORDS_AT_ONCE):
        inner = inner + _of_words(model, ids, mean)
        yield (int(ids[-1]) + 1) / n_words
    return into @ inner


@torch.inference_mode()
def _into_unembedding(
    model: LoadedModel,
) -> tuple[Float[Tensor, "d_model d_unembed"], Float[Tensor, " d_unembed"]]:
    """What lies between a write and W_U; and W_U's mean over the vocabulary."""
    stack = stack_of_sums(model)
    *before, last = stack.ending.parts
    unembedding = weight_of(last)
    # final is a centring and a gain, d: (final W_U)^T = final^T W_U^T, and its rows are those of
    # the unit vectors.
    unit = torch.eye(model.d_model, device=model.device, dtype=unembedding.dtype)
    into = unscaled(stack.ending.norm)(unit).float()
    for layer in before:
        into = into @ weight_of(layer).float().T
    return into, unembedding.float().mean(0)


@torch.inference_mode()
def _of_words(
    model: LoadedModel, ids: Int[Tensor, " word"], mean: Float[Tensor, " d_unembed"]
) -> Float[Tensor, "d_unembed d_model"]:
    stack = stack_of_sums(model)
    unembedding = weight_of(stack.ending.parts[-1])[ids].float() - mean
    return unembedding.T @ stack.words(ids).float()


@torch.inference_mode()
def _copying(
    block: Block, inner: Float[Tensor, "d_model d_model"], model: LoadedModel
) -> Float[np.ndarray, " head"]:
    """One layer's scores."""
    lens = block.lens
    shared = model.n_heads // len(lens.values())
    w_v = lens.values().float().repeat_interleave(shared, dim=0)  # head, d_head, d_model
    into = unscaled(lens.norm)(torch.eye(model.d_model, device=model.device).to(inner)).float()
    w_v = (into @ w_v.transpose(1, 2)).double()
    w_o = unscaled(lens.out_norm)(head_weights(block, model.n_heads)).double()
    values = torch.linalg.eigvals(w_o @ inner.double() @ w_v)
    scores: np.ndarray = (values.real.sum(-1) / values.abs().sum(-1)).cpu().numpy()
    return scores
