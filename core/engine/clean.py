"""The clean run: everything of it that ablated rows share."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.wiring.attention import Shared, attend
from core.wiring.stack import Rotary, Stack, finish_block


@dataclass(frozen=True, eq=False)
class CleanRun:
    """One unablated pass, kept: by layer, the stream before it, its keys, values and z.

    `logits` are those of the positions asked for.
    """

    resid_pre: tuple[Float[Tensor, "1 pos d_model"], ...]
    keys: tuple[Float[Tensor, "kv_head pos d_head"], ...]
    values: tuple[Float[Tensor, "kv_head pos d_head"], ...]
    z: tuple[Float[Tensor, "1 pos head d_head"], ...]
    rotary: Rotary
    logits: Float[Tensor, "read vocab"]

    def shared(self, layer: int, before: int) -> Shared | None:
        """A layer's keys and values at the positions before `before`; None if there are none."""
        if before == 0:
            return None
        return self.keys[layer][:, :before], self.values[layer][:, :before]


@dataclass(frozen=True, eq=False)
class Parts:
    """z of every head, and what every MLP adds (None where that cannot be read)."""

    z: Float[Tensor, "layer row pos head d_head"]
    mlp: Float[Tensor, "layer row pos d_model"] | None


@torch.inference_mode()
def clean_run(stack: Stack, tokens: Int[Tensor, " pos"], read: Int[Tensor, " read"]) -> CleanRun:
    """Run `tokens` once and keep what rows need. The arrays belong to the caller."""
    resid = stack.embed(tokens[None])
    rotary = stack.rotary(len(tokens), resid)
    positions = torch.arange(len(tokens), device=tokens.device)
    streams, keys, values, outputs = [], [], [], []
    for block in stack.blocks:
        q, k, v = block.qkv(resid, rotary)
        z = attend(q, k, v, positions, block.scoring)
        streams.append(resid)
        keys.append(k[0])
        values.append(v[0])
        outputs.append(z)
        resid = finish_block(block, resid, z)
    logits = stack.unembed(resid[:, read])[0]
    return CleanRun(tuple(streams), tuple(keys), tuple(values), tuple(outputs), rotary, logits)


@torch.inference_mode()
def clean_parts(stack: Stack, tokens: Int[Tensor, "row pos"]) -> Parts:
    """What every head and MLP does on some prompts of equal length."""
    resid = stack.embed(tokens)
    rotary = stack.rotary(tokens.shape[1], resid)
    positions = torch.arange(tokens.shape[1], device=tokens.device)
    heads: list[Tensor] = []
    mlps: list[Tensor] = []

    def keep(added: Tensor) -> Tensor:
        mlps.append(added)
        return added

    for block in stack.blocks:
        z = attend(*block.qkv(resid, rotary), positions, block.scoring)
        heads.append(z)
        resid = finish_block(block, resid, z, edit_mlp=keep)
    return Parts(torch.stack(heads), torch.stack(mlps))
