"""Composition scores: how far an earlier head writes where a later one reads, from weights alone.

In row-vector form head 1 writes x OV1 with OV1 = W_V1 W_O1, and head 2 reads that through its query
weights, its key weights or its value weights (Elhage et al. 2021, "A Mathematical Framework for
Transformer Circuits"):

    Q: ||OV1 QK2|| / (||OV1|| ||QK2||)       QK2 = W_Q2 W_K2^T
    K: ||OV1 QK2^T|| / (||OV1|| ||QK2||)
    V: ||OV1 OV2|| / (||OV1|| ||OV2||)

in Frobenius norms, on folded weights: norms leave their gain and centring, also in a raw model.
Biases, scales and rotary positions are left out: of rotary heads it is the content part, at
distance 0. A score says what could pass, not what does on a prompt.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.circuits.residual_stream import head_weights, stack_of_sums
from core.model.frozen_norms import unscaled
from core.model.loaded import LoadedModel
from core.model.stack import Block
from core.progress import run_to_end
from core.spec.heads import Head, check_head
from core.text.jsonable import jsonable


@dataclass(frozen=True, eq=False)
class Composition:
    """Scores of every earlier head with one head, 0 to 1; NaN from that head's own layer on.

    `random` is 1/sqrt(d_model): the root of the ratio of the expected squares where all weights
    are independent Gaussians, whatever d_head is. Scores near it say nothing.
    """

    query: Float[np.ndarray, "layer head"]
    key: Float[np.ndarray, "layer head"]
    value: Float[np.ndarray, "layer head"]
    random: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; no number where there is no earlier head."""
        return {
            "query": jsonable(self.query),
            "key": jsonable(self.key),
            "value": jsonable(self.value),
            "random": self.random,
        }


def composition(model: LoadedModel, head: Head) -> Composition:
    """Score every earlier head with `head`; `composing`, run to its end."""
    return run_to_end(composing(model, head))


def composing(model: LoadedModel, head: Head) -> Generator[float, None, Composition]:
    """Score every earlier head with `head`: yields the share done.

    Raises `InputError` for a head the model lacks, `UnavailableError` for a model whose stream is
    not a sum.
    """
    check_head(head, (model.n_layers, model.n_heads), model.name)
    stack = stack_of_sums(model)
    receiver = _receiver(stack.blocks[head.layer], head, model)
    found = np.full((3, model.n_layers, model.n_heads), np.nan)
    for layer in range(head.layer):
        found[:, layer] = _scores(stack.blocks[layer], receiver, model)
        yield (layer + 1) / head.layer
    query, key, value = found
    return Composition(query, key, value, model.d_model**-0.5)


class _Circuit(NamedTuple):
    """A product of two thin factors, left right^T, by what its norms need.

    ||M left right^T|| for any M takes `left` itself and the Gram matrix of `right`.
    """

    left: Float[Tensor, "d_model d_head"]
    gram: Float[Tensor, "d_head d_head"]
    norm: Float[Tensor, ""]


def _circuit(
    left: Float[Tensor, "d_model d_head"], right: Float[Tensor, "d_model d_head"]
) -> _Circuit:
    gram = right.T @ right
    return _Circuit(left, gram, ((left.T @ left) * gram).sum().clamp(min=0).sqrt())


@torch.inference_mode()
def _receiver(block: Block, head: Head, model: LoadedModel) -> tuple[_Circuit, _Circuit, _Circuit]:
    """QK, QK^T and OV of one head."""
    lens = block.lens

    def entering(weights: Tensor) -> Tensor:
        own = weights[head.head // (model.n_heads // len(weights))]
        return _folded(lens.norm, own[None])[0]

    q, k, v = entering(lens.queries()), entering(lens.keys()), entering(lens.values())
    return _circuit(q, k), _circuit(k, q), _circuit(v, _writing(block, model)[head.head].T)


@torch.inference_mode()
def _scores(
    block: Block, receiver: tuple[_Circuit, ...], model: LoadedModel
) -> Float[np.ndarray, "way head"]:
    """Through products no wider than d_head: ||A M B^T||^2 = tr(M^T A^T A M B^T B)."""
    values = block.lens.values()
    a = _folded(block.lens.norm, values).repeat_interleave(model.n_heads // len(values), dim=0)
    b = _writing(block, model)
    gram = a.transpose(1, 2) @ a
    norm = _root((gram * (b @ b.transpose(1, 2))).sum((1, 2)))
    ways = []
    for circuit in receiver:
        middle = b @ circuit.left
        joint = _root(((gram @ middle) * (middle @ circuit.gram)).sum((1, 2)))
        ways.append(joint / (norm * circuit.norm))
    found: np.ndarray = torch.stack(ways).cpu().double().numpy()
    return found


def _folded(
    norm: Any, weights: Float[Tensor, "head d_head d_model"]
) -> Float[Tensor, "head d_model d_head"]:
    """The weights with the norm before them folded in: centre, then gain, then weights.

    From the weights' side that is the gain first, then the centring, which is its own transpose.
    """
    weights = _precise(weights)
    if isinstance(norm, nn.LayerNorm):
        folded = weights * norm.weight
        folded = folded - folded.mean(-1, keepdim=True)
    else:
        folded = weights * unscaled(norm)(torch.ones_like(weights[0, 0]))
    return folded.transpose(1, 2)


def _writing(block: Block, model: LoadedModel) -> Float[Tensor, "head d_head d_model"]:
    """W_O head by head, centred where all that reads the stream centres it."""
    written = _precise(unscaled(block.lens.out_norm)(head_weights(block, model.n_heads)))
    if isinstance(block.lens.norm, nn.LayerNorm):
        written = written - written.mean(-1, keepdim=True)
    return written


def _precise(weights: Tensor) -> Tensor:
    """In double where the device has it: the traces cancel."""
    return weights.float() if weights.device.type == "mps" else weights.double()


def _root(squares: Float[Tensor, " head"]) -> Float[Tensor, " head"]:
    """Rounding can leave a square a little below 0."""
    return squares.clamp(min=0).sqrt()
