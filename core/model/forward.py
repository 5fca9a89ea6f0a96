"""One plain pass through a stack, open at z: what the clean run, its parts and gradients share."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.model.attention import attend
from core.model.stack import Stack, finish_block


@dataclass(frozen=True, eq=False)
class Moment:
    """A layer at the moment when z has been computed: the stream before it, keys, values, z."""

    resid_pre: Float[Tensor, "row pos d_model"]
    keys: Float[Tensor, "row kv_head pos d_head"]
    values: Float[Tensor, "row kv_head pos d_head"]
    z: Float[Tensor, "row pos head d_head"]


def forward(
    stack: Stack,
    tokens: Int[Tensor, "row pos"],
    at_z: Callable[[Moment], Tensor],
    edit_mlp: Callable[[Tensor], Tensor] | None = None,
) -> Float[Tensor, "row pos d_model"]:
    """The residual stream after the last layer.

    `at_z` sees every layer in turn and gives the z that it goes on with; `edit_mlp` sees, and may
    replace, what each MLP adds.
    """
    resid = stack.embed(tokens)
    rotary = stack.rotary(tokens.shape[1], resid)
    positions = torch.arange(tokens.shape[1], device=tokens.device)
    for block in stack.blocks:
        q, k, v = block.qkv(resid, rotary)
        z = at_z(Moment(resid, k, v, attend(q, k, v, positions, block.scoring)))
        resid = finish_block(block, resid, z, edit_mlp=edit_mlp)
    return resid
