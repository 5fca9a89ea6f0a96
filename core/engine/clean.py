"""The clean run, with everything that ablated rows share with it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.model.attention import Shared
from core.model.forward import LayerState, forward
from core.model.stack import Rotary, Stack


@dataclass(frozen=True, eq=False)
class CleanRun:
    """One pass without ablation: for each layer, the stream before it, its keys, values and z.

    `final` is the stream after the last layer; `logits` are those at the positions read.
    """

    resid_pre: tuple[Float[Tensor, "1 pos d_model"], ...]
    keys: tuple[Float[Tensor, "kv_head pos d_head"], ...]
    values: tuple[Float[Tensor, "kv_head pos d_head"], ...]
    z: tuple[Float[Tensor, "1 pos head d_head"], ...]
    rotary: Rotary
    final: Float[Tensor, "1 pos d_model"]
    logits: Float[Tensor, "read vocab"]

    def shared(self, layer: int, before: int) -> Shared | None:
        """A layer's keys and values at the positions 0 .. `before` - 1; None if `before` is 0."""
        if before == 0:
            return None
        return self.keys[layer][:, :before], self.values[layer][:, :before]


@dataclass(frozen=True, eq=False)
class HeadAndMlpOutputs:
    """z of every head, and what every MLP adds (None if the wiring is not known)."""

    z: Float[Tensor, "layer row pos head d_head"]
    mlp: Float[Tensor, "layer row pos d_model"] | None


@torch.inference_mode()
def clean_run(stack: Stack, tokens: Int[Tensor, " pos"], read: Int[Tensor, " read"]) -> CleanRun:
    """Run `tokens` once and keep what ablated rows need. The tensors belong to the caller."""
    layers: list[LayerState] = []

    def keep(layer: LayerState) -> Tensor:
        layers.append(layer)
        return layer.z

    resid = forward(stack, tokens[None], keep)
    return CleanRun(
        resid_pre=tuple(layer.resid_pre for layer in layers),
        keys=tuple(layer.keys[0] for layer in layers),
        values=tuple(layer.values[0] for layer in layers),
        z=tuple(layer.z for layer in layers),
        rotary=stack.rotary(len(tokens), resid),
        final=resid,
        logits=stack.unembed(resid[:, read])[0],
    )


@torch.inference_mode()
def clean_parts(stack: Stack, tokens: Int[Tensor, "row pos"]) -> HeadAndMlpOutputs:
    """Z of every head and the output of every MLP, on prompts of equal length."""
    heads: list[Tensor] = []
    mlps: list[Tensor] = []

    def keep_z(layer: LayerState) -> Tensor:
        heads.append(layer.z)
        return layer.z

    def keep_mlp(added: Tensor) -> Tensor:
        mlps.append(added)
        return added

    forward(stack, tokens, keep_z, keep_mlp)
    return HeadAndMlpOutputs(torch.stack(heads), torch.stack(mlps))
