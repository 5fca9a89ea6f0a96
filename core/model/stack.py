"""The wiring of a transformer, as the growing pass needs it: blocks of the model's own submodules.

A block is split at z, where heads are ablated: one part computes z, the other goes on from z. Only
the wiring is defined here; every product, norm and rotation is the model's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

Rotary = tuple[Tensor, ...]
"""The arguments of the family's rotary function, (1, pos, ...) each; () without rotary positions.
"""


@dataclass(frozen=True, eq=False)
class Scoring:
    """How a block computes attention weights from queries and keys.

    Scores are q . k times `scale`. `window`: a query attends to this many positions, its own
    included (None: to all up to its own). `softcap`: scores become softcap * tanh(score / softcap).
    `slopes` (head): ALiBi's slopes; slope times the key's position is added to the score.
    """

    scale: float
    window: int | None = None
    softcap: float | None = None
    slopes: Float[Tensor, " head"] | None = None

    def plain(self, n_keys: int) -> bool:
        """Whether only the causal mask is added to the scores of `n_keys` positions."""
        return self.slopes is None and (self.window is None or self.window >= n_keys)


@dataclass(frozen=True, eq=False)
class Lens:
    """The norms and weights of an attention layer, with which single heads are analysed.

    `norm` comes before q, k and v. `out` is the output projection; `out_norm` is a norm after it
    (Gemma 2), None elsewhere. `queries`, `keys` and `values` return W_Q, W_K and W_V by head,
    without biases and rotary positions.
    """

    norm: Any
    queries: Callable[[], Float[Tensor, "head d_head d_model"]]
    keys: Callable[[], Float[Tensor, "kv_head d_head d_model"]]
    values: Callable[[], Float[Tensor, "kv_head d_head d_model"]]
    out: Any
    out_norm: Any = None


@dataclass(frozen=True, eq=False)
class Block:
    """One layer. All functions take and return (row, pos, ...) and do not change their inputs.

    `qkv`: residual stream and rotary -> q (row, head, pos, d_head), k and v (row, kv_head, pos,
    d_head). `out`: z with its heads concatenated -> what attention adds to the residual stream.
    `mlp`: residual stream -> what the MLP adds. Each includes its own norms. In a `parallel` block
    the MLP reads the stream before attention. `after_attention` and `after_mlp` are norms that
    replace the stream by its normed value.
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
    """The path from the residual stream after the last layer to the logits, in float32.

    First the final `norm`, then the linear layers `parts` in order (the last one is the
    unembedding), then a soft cap on the logits if there is one. `before_cap` is what follows the
    norm, without the cap. All of it computes in float32 whatever the weights are stored in: a
    logit of 20 in bfloat16 would be a multiple of 0.125.
    """

    norm: Any
    parts: tuple[Any, ...]
    before_cap: Callable[[Float[Tensor, "*row d_model"]], Float[Tensor, "*row vocab"]]
    softcap: float | None = None

    def cap(self, logits: Float[Tensor, "*row vocab"]) -> Float[Tensor, "*row vocab"]:
        """The soft cap: logits as they are if there is none."""
        if self.softcap is None:
            return logits
        return torch.tanh(logits / self.softcap) * self.softcap

    def after_norm(self, normed: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row vocab"]:
        """The logits of a residual stream that is normed already."""
        return self.cap(self.before_cap(normed))


@dataclass(frozen=True, eq=False)
class Stack:
    """The wiring of a whole model.

    `embed` computes the residual stream before layer 0. `words` computes the part of it that
    depends on the token and not on its position.
    """

    words: Callable[[Int[Tensor, "*any"]], Float[Tensor, "*any d_model"]]
    embed: Callable[[Int[Tensor, "row pos"]], Float[Tensor, "row pos d_model"]]
    rotary: Callable[[int, Tensor], Rotary]
    """(number of positions, a tensor with the device and dtype to use) -> `Rotary`."""
    blocks: tuple[Block, ...]
    ending: Ending

    def unembed(self, resid: Float[Tensor, "row pos d_model"]) -> Float[Tensor, "row pos vocab"]:
        """The logits of a residual stream, in float32."""
        return self.ending.after_norm(self.ending.norm(resid.float()))

    @property
    def additive(self) -> bool:
        """Whether the residual stream is the sum of its parts: false with norms on the stream."""
        return all(b.after_attention is None and b.after_mlp is None for b in self.blocks)


def finish_block(
    block: Block,
    resid: Float[Tensor, "row pos d_model"],
    z: Float[Tensor, "row pos head d_head"],
    add: Callable[[Tensor, Tensor], Tensor] = torch.add,
    edit_mlp: Callable[[Tensor], Tensor] | None = None,
) -> Float[Tensor, "row pos d_model"]:
    """The residual stream after a block, from the stream before it and z.

    `add=Tensor.add_` overwrites `resid`: use it only if `resid` is not needed any more. `edit_mlp`
    gets what the MLP adds and returns what is added instead.
    """
    early = block.mlp(resid) if block.parallel else None
    middle = add(resid, block.out(z.flatten(-2)))
    if block.after_attention is not None:
        middle = block.after_attention(middle)
    added = block.mlp(middle) if early is None else early
    after = add(middle, added if edit_mlp is None else edit_mlp(added))
    return after if block.after_mlp is None else block.after_mlp(after)
