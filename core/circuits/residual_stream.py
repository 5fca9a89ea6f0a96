"""The residual stream of one pass, taken apart into what every head and MLP adds to it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine import Start
from core.engine.edits import Edits
from core.engine.interventions import Intervention
from core.errors import UnavailableError
from core.model.forward import Moment, forward
from core.model.frozen_norms import frozen
from core.model.loaded import LoadedModel
from core.model.products import weight_of
from core.model.stack import Block, Stack
from core.spec.heads import Head


@dataclass(frozen=True, eq=False)
class Stream:
    """One pass on one prompt: what is added to the stream, and what it ends as.

    `z` in the model's own (raw-weight) coordinates.
    """

    embed: Float[Tensor, "pos d_model"]
    resid_pre: Float[Tensor, "layer pos d_model"]
    z: Float[Tensor, "layer pos head d_head"]
    mlp: Float[Tensor, "layer pos d_model"]
    final: Float[Tensor, "pos d_model"]


def known_stack(model: LoadedModel) -> Stack:
    """The model's wiring; raises `UnavailableError` where it is not known."""
    if model.stack is None:
        raise UnavailableError(
            f"The parts of {model.name!r} cannot be read one by one: the wiring of "
            f"{model.architecture} is not known here."
        )
    return model.stack


def stack_of_sums(model: LoadedModel) -> Stack:
    """`known_stack`, where its stream is the sum of its parts; raises `UnavailableError`."""
    stack = known_stack(model)
    if not stack.additive:
        raise UnavailableError(
            f"In {model.name!r} a norm follows every addition, so what one head adds cannot be "
            "followed to the answer by itself."
        )
    return stack


@torch.inference_mode()
def read_stream(
    model: LoadedModel, tokens: Int[Tensor, " pos"], intervention: Intervention = ()
) -> Stream:
    """Run `tokens` once, with `intervention` if one is given; raises `UnavailableError`."""
    stack = stack_of_sums(model)
    edits = Edits([intervention], model.value_shift, len(tokens))
    resid: list[Tensor] = []
    heads: list[Tensor] = []
    mlps: list[Tensor] = []
    positions = torch.arange(len(tokens), device=model.device)

    def at_z(layer: Moment) -> Tensor:
        resid.append(layer.resid_pre[0])
        z = edits.apply(len(heads), layer.z)
        heads.append(z[0])
        return z

    def at_mlp(added: Tensor) -> Tensor:
        added = edits.apply_mlp(len(mlps), added, positions)
        mlps.append(added[0])
        return added

    final = forward(stack, tokens[None].to(model.device), at_z, at_mlp)[0]
    return Stream(resid[0], torch.stack(resid), torch.stack(heads), torch.stack(mlps), final)


def head_weights(block: Block, n_heads: int) -> Float[Tensor, "head d_head d_model"]:
    """The output projection, W_O, head by head."""
    weights: Tensor = weight_of(block.lens.out).T.unflatten(0, (n_heads, -1))
    return weights


def own_values(start: Start, head: Head) -> Float[Tensor, "key d_head"]:
    """The values a head moves in a clean run, as its weights are processed."""
    assert start.clean is not None
    values = start.clean.values[head.layer]
    shared = start.model.n_heads // len(values)
    return values[head.head // shared] - start.model.value_shift[head].to(values)


@torch.inference_mode()
def written(
    block: Block,
    z: Float[Tensor, "pos head d_head"],
    parts: Float[Tensor, "pos head d_head"],
) -> Float[Tensor, "pos head d_model"]:
    """What each head adds to the stream where its z is `parts`.

    Without the projection's bias. A norm that follows the projection (Gemma 2) is held at the
    scale that the pass's own `z` gives it.
    """
    lens = block.lens
    weights = head_weights(block, parts.shape[1])
    added = torch.einsum("phd,hdm->phm", parts, weights)
    found: Tensor = frozen(lens.out_norm, lens.out(z.flatten(-2))[:, None])(added)
    return found
