"""A transformer as the growing pass sees it: blocks of the model's own submodules.

A block is cut where heads are ablated: everything up to z, then from z on. What is written here
is only the wiring; every product, norm and rotation is the model's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

Rotary = tuple[Tensor, ...]
"""What the family's own rotation takes for some positions, (1, pos, ...) each; () without one."""


@dataclass(frozen=True, eq=False)
class Scoring:
    """How a block turns queries and keys into weights.

    `window`: a query sees this many positions, itself included (None: all before it). `softcap`:
    scores pass through softcap * tanh(score / softcap). `slopes` (head): ALiBi's, added per
    position of the key.
    """

    scale: float
    window: int | None = None
    softcap: float | None = None
    slopes: Float[Tensor, " head"] | None = None

    def plain(self, n_keys: int) -> bool:
        """Whether nothing but the causal mask is added to the scores of `n_keys` positions."""
        return self.slopes is None and (self.window is None or self.window >= n_keys)


@dataclass(frozen=True, eq=False)
class Lens:
    """What single heads are read with: an attention's own norms and linear layers.

    `norm` is before q, k and v; `out_norm` after the output projection (Gemma 2), None elsewhere.
    `out` is that projection. `queries`, `keys` and `values` give the weights of q, k and v, without
    biases and rotary positions.
    """

    norm: Any
    queries: Callable[[], Float[Tensor, "head d_head d_model"]]
    keys: Callable[[], Float[Tensor, "kv_head d_head d_model"]]
    values: Callable[[], Float[Tensor, "kv_head d_head d_model"]]
    out: Any
    out_norm: Any = None


@dataclass(frozen=True, eq=False)
class Block:
    """One layer. All functions take and return (row, pos, ...) and write into nothing.

    `qkv`: residual stream and rotary -> q (row, head, pos, d_head), k and v (row, kv_head, pos,
    d_head). `out`: z with its heads side by side -> what attention adds to the residual stream.
    `mlp`: residual stream -> what the MLP adds. Each has its own norms inside. A `parallel`
    block's MLP reads the stream before attention. `after_attention` and `after_mlp` are norms on
    the stream itself.
    """

    qkv: Callable[[Tensor, Rotary], tuple[Tensor, Tensor, Tensor]]
    out: Callable[[Tensor], Tensor]
    mlp: Callable[[Tensor], Tensor]
    scoring: Scoring
    lens: Lens
    parallel: bool = False
    after_attention: Callable[[Tensor], Tensor] | None = None
    after_mlp: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True, eq=False)
class Ending:
    """From the residual stream after the last layer to the logits.

    The final `norm`, then the linear layers `parts` one after the other (the last one unembeds),
    then a soft cap on the logits where there is one: both together are `after_norm`.
    """

    norm: Any
    parts: tuple[Any, ...]
    after_norm: Callable[[Float[Tensor, "row pos d_model"]], Float[Tensor, "row pos vocab"]]
    softcap: float | None = None


@dataclass(frozen=True, eq=False)
class Stack:
    """A whole model. `embed` gives the residual stream before layer 0, `words` a token's own part
    of it, without its position.
    """

    words: Callable[[Int[Tensor, "*any"]], Float[Tensor, "*any d_model"]]
    embed: Callable[[Int[Tensor, "row pos"]], Float[Tensor, "row pos d_model"]]
    rotary: Callable[[int, Tensor], Rotary]
    """(number of positions, a tensor of the right device and dtype) -> rotary of them all."""
    blocks: tuple[Block, ...]
    ending: Ending

    def unembed(self, resid: Float[Tensor, "row pos d_model"]) -> Float[Tensor, "row pos vocab"]:
        """The logits."""
        return self.ending.after_norm(self.ending.norm(resid))

    @property
    def additive(self) -> bool:
        """Whether the stream is the sum of what every part adds: not with norms on the stream."""
        return all(b.after_attention is None and b.after_mlp is None for b in self.blocks)


def finish_block(
    block: Block,
    resid: Float[Tensor, "row pos d_model"],
    z: Float[Tensor, "row pos head d_head"],
    add: Callable[[Tensor, Tensor], Tensor] = torch.add,
    edit_mlp: Callable[[Tensor], Tensor] | None = None,
) -> Float[Tensor, "row pos d_model"]:
    """The residual stream after a block, from the stream before it and z.

    `add=Tensor.add_` is for a caller who owns `resid` and has no further use for it. `edit_mlp`
    sees, and may replace, what the MLP adds.
    """
    early = block.mlp(resid) if block.parallel else None
    middle = add(resid, block.out(z.flatten(-2)))
    if block.after_attention is not None:
        middle = block.after_attention(middle)
    added = block.mlp(middle) if early is None else early
    after = add(middle, added if edit_mlp is None else edit_mlp(added))
    return after if block.after_mlp is None else block.after_mlp(after)
