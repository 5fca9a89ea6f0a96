"""One plain forward pass through a stack, in which z can be read and replaced."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.model.attention import attend
from core.model.stack import Stack, finish_block


@dataclass(frozen=True, eq=False)
class LayerState:
    """One layer's state after its attention: residual stream before the layer, keys, values, z."""

    resid_pre: Float[Tensor, "row pos d_model"]
    keys: Float[Tensor, "row kv_head pos d_head"]
    values: Float[Tensor, "row kv_head pos d_head"]
    z: Float[Tensor, "row pos head d_head"]


def forward(
    stack: Stack,
    tokens: Int[Tensor, "row pos"],
    at_z: Callable[[LayerState], Tensor],
    edit_mlp: Callable[[Tensor], Tensor] | None = None,
) -> Float[Tensor, "row pos d_model"]:
    """Run a forward pass and return the residual stream after the last layer.

    `at_z` is called once per layer, in order, and returns the z with which the pass continues.
    `edit_mlp` gets what each MLP adds to the residual stream and returns what is added instead.
    """
    resid = stack.embed(tokens)
    rotary = stack.rotary(tokens.shape[1], resid)
    positions = torch.arange(tokens.shape[1], device=tokens.device)
    for block in stack.blocks:
        q, k, v = block.qkv(resid, rotary)
        z = at_z(LayerState(resid, k, v, attend(q, k, v, positions, block.scoring)))
        resid = finish_block(block, resid, z, edit_mlp=edit_mlp)
    return resid
