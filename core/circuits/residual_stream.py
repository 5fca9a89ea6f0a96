"""The residual stream of one forward pass, split into what each head and each MLP adds."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine import CleanStart
from core.engine.edits import Edits
from core.engine.interventions import Intervention
from core.errors import UnavailableError
from core.model.forward import LayerState, forward
from core.model.frozen_norms import frozen
from core.model.loaded import LoadedModel
from core.model.products import weight_of
from core.model.stack import Block, Stack
from core.spec.heads import Head


@dataclass(frozen=True, eq=False)
class ResidualStream:
    """The parts of the residual stream in one forward pass on one prompt.

    `embed` is the stream before layer 0, `resid_pre` the stream before each layer, `mlp` what each
    MLP adds, and `final` the stream after the last layer, before the final norm. `z` is in the
    coordinates of the raw weights, without `LoadedModel.value_shift` subtracted.
    """

    embed: Float[Tensor, "pos d_model"]
    resid_pre: Float[Tensor, "layer pos d_model"]
    z: Float[Tensor, "layer pos head d_head"]
    mlp: Float[Tensor, "layer pos d_model"]
    final: Float[Tensor, "pos d_model"]


def known_stack(model: LoadedModel) -> Stack:
    """The model's wiring. Raises `UnavailableError` if the architecture is not known here."""
    if model.stack is None:
        raise UnavailableError(
            f"The parts of {model.name!r} cannot be read one by one: the wiring of "
            f"{model.architecture} is not known here."
        )
    return model.stack


def additive_stack(model: LoadedModel) -> Stack:
    """The model's wiring, if its residual stream is the sum of its parts.

    Raises `UnavailableError` if the wiring is not known, or if a norm follows every addition.
    """
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
) -> ResidualStream:
    """Run one forward pass on `tokens` and record every part of the residual stream.

    `intervention` is applied during the pass; the default changes nothing. Raises
    `UnavailableError` where `additive_stack` does.
    """
    stack = additive_stack(model)
    edits = Edits([intervention], model.value_shift, len(tokens))
    resid: list[Tensor] = []
    heads: list[Tensor] = []
    mlps: list[Tensor] = []
    positions = torch.arange(len(tokens), device=model.device)

    def at_z(layer: LayerState) -> Tensor:
        resid.append(layer.resid_pre[0])
        z = edits.apply(len(heads), layer.z)
        heads.append(z[0])
        return z

    def at_mlp(added: Tensor) -> Tensor:
        added = edits.apply_mlp(len(mlps), added, positions)
        mlps.append(added[0])
        return added

    final = forward(stack, tokens[None].to(model.device), at_z, at_mlp)[0]
    return ResidualStream(
        resid[0], torch.stack(resid), torch.stack(heads), torch.stack(mlps), final
    )


def head_weights(block: Block, n_heads: int) -> Float[Tensor, "head d_head d_model"]:
    """The output projection W_O, split by head."""
    weights: Tensor = weight_of(block.lens.out).T.unflatten(0, (n_heads, -1))
    return weights


def head_values(start: CleanStart, head: Head) -> Float[Tensor, "key d_head"]:
    """One head's value vectors in the clean run, with `LoadedModel.value_shift` subtracted."""
    assert start.clean is not None
    values = start.clean.values[head.layer]
    shared = start.model.n_heads // len(values)
    return values[head.head // shared] - start.model.value_shift[head].to(values)


@torch.inference_mode()
def head_writes(
    block: Block,
    z: Float[Tensor, "pos head d_head"],
    parts: Float[Tensor, "pos head d_head"],
) -> Float[Tensor, "pos head d_model"]:
    """What each head adds to the residual stream if its z is `parts`.

    The bias of the output projection is left out. A norm after the projection (Gemma 2) keeps the
    scale that it has for `z`, the z of the pass.
    """
    lens = block.lens
    weights = head_weights(block, parts.shape[1])
    added = torch.einsum("phd,hdm->phm", parts, weights)
    writes: Tensor = frozen(lens.out_norm, lens.out(z.flatten(-2))[:, None])(added)
    return writes
