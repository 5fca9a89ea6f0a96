"""Composition scores: how well an earlier head's output matches a later head's input weights.

They use the weights alone. In row-vector form head 1 writes x OV1 with OV1 = W_V1 W_O1, and head 2
reads that through its query, key or value weights (Elhage et al. 2021, "A Mathematical Framework
for Transformer Circuits"):

    Q: ||OV1 QK2|| / (||OV1|| ||QK2||)       QK2 = W_Q2 W_K2^T
    K: ||OV1 QK2^T|| / (||OV1|| ||QK2||)
    V: ||OV1 OV2|| / (||OV1|| ||OV2||)

||.|| is the Frobenius norm. The gain and centring of each norm are folded into the weights, also
for a raw model. Biases, the scales of norms and rotary positions are left out: for rotary heads the
score is that of the content part, at distance 0. A score says what head 2 could read of head 1, not
what it reads on a prompt.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.circuits.residual_stream import additive_stack, head_weights
from core.model.frozen_norms import unscaled
from core.model.loaded import LoadedModel
from core.model.stack import Block
from core.progress import run_to_end
from core.spec.heads import Head, check_head
from core.text.jsonable import jsonable


@dataclass(frozen=True, eq=False)
class Composition:
    """Scores of every earlier head with one head, 0 to 1; NaN from that head's own layer on.

    `random` is 1/sqrt(d_model), the score to expect of independent Gaussian weights: the square
    root of E[numerator squared] / E[denominator squared], for any d_head. Scores near it have no
    meaning.
    """

    query: Float[np.ndarray, "layer head"]
    key: Float[np.ndarray, "layer head"]
    value: Float[np.ndarray, "layer head"]
    random: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; null from the head's own layer on."""
        return {
            "query": jsonable(self.query),
            "key": jsonable(self.key),
            "value": jsonable(self.value),
            "random": self.random,
        }


def composition(model: LoadedModel, head: Head) -> Composition:
    """Score every earlier head with `head`; `measure_composition`, run to its end."""
    return run_to_end(measure_composition(model, head))


def measure_composition(model: LoadedModel, head: Head) -> Generator[float, None, Composition]:
    """Score every earlier head with `head`; yields the share done.

    Raises `InputError` for a head that the model does not have, `UnavailableError` for a model
    whose residual stream is not the sum of its parts.
    """
    check_head(head, (model.n_layers, model.n_heads), model.name)
    stack = additive_stack(model)
    receiver = _receiver(stack.blocks[head.layer], head, model)
    scores = np.full((3, model.n_layers, model.n_heads), np.nan)
    for layer in range(head.layer):
        scores[:, layer] = _scores(stack.blocks[layer], receiver, model)
        yield (layer + 1) / head.layer
    query, key, value = scores
    return Composition(query, key, value, model.d_model**-0.5)


class _Circuit(NamedTuple):
    """The low-rank matrix left right^T, kept as the parts that its Frobenius norms need.

    ||M left right^T|| for any M needs `left` and the Gram matrix right^T right. `norm` is
    ||left right^T||.
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
    """The circuits QK, QK^T and OV of one head."""
    lens = block.lens

    def folded(weights: Tensor) -> Tensor:
        of_head = weights[head.head // (model.n_heads // len(weights))]
        return _folded(lens.norm, of_head[None])[0]

    q, k, v = folded(lens.queries()), folded(lens.keys()), folded(lens.values())
    return _circuit(q, k), _circuit(k, q), _circuit(v, _writing(block, model)[head.head].T)


@torch.inference_mode()
def _scores(
    block: Block, receiver: tuple[_Circuit, ...], model: LoadedModel
) -> Float[np.ndarray, "way head"]:
    """The scores of one layer's heads with the receiver, by query, key and value.

    No product is wider than d_head: ||A M B^T||^2 = tr(M^T A^T A M B^T B).
    """
    values = block.lens.values()
    a = _folded(block.lens.norm, values).repeat_interleave(model.n_heads // len(values), dim=0)
    b = _writing(block, model)
    gram = a.transpose(1, 2) @ a
    norm = _root((gram * (b @ b.transpose(1, 2))).sum((1, 2)))
    scores = []
    for circuit in receiver:
        middle = b @ circuit.left
        joint = _root(((gram @ middle) * (middle @ circuit.gram)).sum((1, 2)))
        scores.append(joint / (norm * circuit.norm))
    stacked: np.ndarray = torch.stack(scores).cpu().double().numpy()
    return stacked


def _folded(
    norm: Any, weights: Float[Tensor, "head d_head d_model"]
) -> Float[Tensor, "head d_model d_head"]:
    """The weights with the norm before them folded in.

    On the stream the order is centring, gain, weights. On the weights the gain is applied first,
    then the centring, whose matrix is symmetric.
    """
    weights = _precise(weights)
    if isinstance(norm, nn.LayerNorm):
        folded = weights * norm.weight
        folded = folded - folded.mean(-1, keepdim=True)
    else:
        folded = weights * unscaled(norm)(torch.ones_like(weights[0, 0]))
    return folded.transpose(1, 2)


def _writing(block: Block, model: LoadedModel) -> Float[Tensor, "head d_head d_model"]:
    """W_O split by head, centred if the norms that read the residual stream centre it."""
    written = _precise(unscaled(block.lens.out_norm)(head_weights(block, model.n_heads)))
    if isinstance(block.lens.norm, nn.LayerNorm):
        written = written - written.mean(-1, keepdim=True)
    return written


def _precise(weights: Tensor) -> Tensor:
    """In float64 where the device has it, because large terms of the traces cancel."""
    return weights.float() if weights.device.type == "mps" else weights.double()


def _root(squares: Float[Tensor, " head"]) -> Float[Tensor, " head"]:
    """The square root; rounding can make a square slightly negative, which counts as 0."""
    return squares.clamp(min=0).sqrt()
