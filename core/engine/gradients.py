"""Gradients of numbers computed from the logits, with respect to every head's z."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.model.forward import forward
from core.model.loaded import LoadedModel

Objective = Callable[[Float[Tensor, "read vocab"]], Tensor]
"""From the logits to the number that is differentiated."""


@dataclass(frozen=True, eq=False)
class Gradients:
    """Numbers computed from the clean logits, every head's clean z, and the gradients.

    `slopes` has one gradient with respect to z for each of `values`. z and gradients are float32.
    """

    values: tuple[float, ...]
    z: Float[Tensor, "layer pos head d_head"]
    slopes: tuple[Float[Tensor, "layer pos head d_head"], ...]


def gradients(
    model: LoadedModel,
    tokens: Int[Tensor, " pos"],
    read: tuple[int, ...],
    read_offs: Sequence[Objective],
) -> Gradients:
    """The gradient of each number: one forward pass, and one backward pass per number."""
    clean_z: list[Tensor] = []
    zeros: list[Tensor] = []

    def watch(z: Tensor) -> Tensor:
        """Add a leaf tensor of zeros: the gradient with respect to it is that of z."""
        clean_z.append(z)
        zeros.append(torch.zeros_like(z, requires_grad=True))
        return z + zeros[-1]

    with torch.enable_grad():
        if model.stack is not None:
            resid = forward(model.stack, tokens[None], lambda layer: watch(layer.z))
            logits = model.stack.unembed(resid[:, list(read)])[0]
        else:
            with model.editing_z(lambda layer, z: watch(z)):
                logits = model.differentiable_logits(tokens[None], read)[0]
        values = [read_off(logits) for read_off in read_offs]
        slopes = [torch.autograd.grad(value, zeros, retain_graph=True) for value in values]
    return Gradients(
        tuple(float(value.detach()) for value in values),
        torch.stack([z.detach()[0].float() for z in clean_z]),
        tuple(torch.stack([layer[0].float() for layer in slope]) for slope in slopes),
    )
