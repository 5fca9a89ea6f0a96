"""Gradients of an answer with respect to every head's z, from one pass forward and one back."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.model import LoadedModel
from core.wiring.attention import attend
from core.wiring.stack import Stack, finish_block

ReadOff = Callable[[Float[Tensor, "read vocab"]], Tensor]
"""From the logits to the one number to differentiate."""


def gradients(
    model: LoadedModel, tokens: Int[Tensor, " pos"], read: tuple[int, ...], read_off: ReadOff
) -> tuple[float, Float[Tensor, "layer pos head d_head"], Float[Tensor, "layer pos head d_head"]]:
    """The number, every head's clean z, and the number's gradient there, in float32."""
    found: list[Tensor] = []

    def watch(z: Tensor) -> Tensor:
        """Add a leaf that is all 0: its gradient is that of z."""
        found.append(z)
        nudge = torch.zeros_like(z, requires_grad=True)
        nudges.append(nudge)
        return z + nudge

    nudges: list[Tensor] = []
    with torch.enable_grad():
        if model.stack is not None:
            logits = _through(model.stack, tokens, read, watch)
        else:
            with model.editing_z(lambda layer, z: watch(z)):
                logits = model.differentiable_logits(tokens[None], read)[0]
        value = read_off(logits)
        slopes = torch.autograd.grad(value, nudges)
    z = torch.stack([each.detach()[0].float() for each in found])
    return float(value.detach()), z, torch.stack([slope[0].float() for slope in slopes])


def _through(
    stack: Stack,
    tokens: Int[Tensor, " pos"],
    read: tuple[int, ...],
    watch: Callable[[Tensor], Tensor],
) -> Float[Tensor, "read vocab"]:
    resid = stack.embed(tokens[None])
    rotary = stack.rotary(len(tokens), resid)
    positions = torch.arange(len(tokens), device=tokens.device)
    for block in stack.blocks:
        q, k, v = block.qkv(resid, rotary)
        z = watch(attend(q, k, v, positions, block.scoring))
        resid = finish_block(block, resid, z)
    logits: Tensor = stack.unembed(resid[:, list(read)])[0]
    return logits
