"""Gradients of an answer with respect to every head's z, from one pass forward."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.model.forward import forward
from core.model.loaded import LoadedModel

ReadOff = Callable[[Float[Tensor, "read vocab"]], Tensor]
"""From the logits to one number to differentiate."""


@dataclass(frozen=True, eq=False)
class Gradients:
    """Some numbers read off the logits, every head's clean z, and each number's gradient there.

    All in float32, one gradient a number.
    """

    values: tuple[float, ...]
    z: Float[Tensor, "layer pos head d_head"]
    slopes: tuple[Float[Tensor, "layer pos head d_head"], ...]


def gradients(
    model: LoadedModel,
    tokens: Int[Tensor, " pos"],
    read: tuple[int, ...],
    read_offs: Sequence[ReadOff],
) -> Gradients:
    """One pass forward, and one back for each number."""
    found: list[Tensor] = []
    nudges: list[Tensor] = []

    def watch(z: Tensor) -> Tensor:
        """Add a leaf that is all 0: its gradient is that of z."""
        found.append(z)
        nudges.append(torch.zeros_like(z, requires_grad=True))
        return z + nudges[-1]

    with torch.enable_grad():
        if model.stack is not None:
            resid = forward(model.stack, tokens[None], lambda layer: watch(layer.z))
            logits = model.stack.unembed(resid[:, list(read)])[0]
        else:
            with model.editing_z(lambda layer, z: watch(z)):
                logits = model.differentiable_logits(tokens[None], read)[0]
        values = [read_off(logits) for read_off in read_offs]
        slopes = [torch.autograd.grad(value, nudges, retain_graph=True) for value in values]
    return Gradients(
        tuple(float(value.detach()) for value in values),
        torch.stack([z.detach()[0].float() for z in found]),
        tuple(torch.stack([slope[0].float() for slope in each]) for each in slopes),
    )
