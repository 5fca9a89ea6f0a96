"""Attention patterns of one head in one pass, plain or value-weighted.

An attention weight says where a head attends, not how much it moves from there. The value-weighted
pattern multiplies each weight by the norm of what the value vector writes, ||v W_O|| (Kobayashi et
al. 2020, arXiv:2004.10102).
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.circuits.residual_stream import head_values, head_weights, known_stack
from core.engine import CleanStart
from core.model.attention import pattern
from core.model.stack import Block, Scoring
from core.spec.heads import Head


@dataclass(frozen=True, eq=False)
class HeadAttention:
    """One head's attention pattern on one prompt.

    `weights` sum to 1 over the keys. `value_lengths` are the norms ||v W_O|| of each key's value
    vector. They are taken before a norm after attention (in Gemma 2 it rescales the sum of all
    heads). None for a model whose wiring is not known.
    """

    weights: Float[np.ndarray, "query key"]
    value_lengths: Float[np.ndarray, " key"] | None

    @property
    def value_weighted(self) -> Float[np.ndarray, "query key"] | None:
        """The value-weighted pattern, `weights` times `value_lengths`.

        Its unit is that of the residual stream, or of the input of a norm after attention.
        """
        if self.value_lengths is None:
            return None
        weighted: np.ndarray = self.weights * self.value_lengths
        return weighted


@torch.inference_mode()
def head_attention(start: CleanStart, head: Head) -> HeadAttention:
    """One head's attention pattern in the clean run, with the norms of its value writes."""
    model = start.model
    if model.stack is None:
        return HeadAttention(model.pattern(start.tokens, head).numpy(), None)
    stack = known_stack(model)
    block = stack.blocks[head.layer]
    weights = _weights(start, head)
    write = head_values(start, head) @ head_weights(block, model.n_heads)[head.head]
    if model.weights == "processed" and isinstance(stack.ending.norm, nn.LayerNorm):
        write = write - write.mean(-1, keepdim=True)  # processed weights write centred vectors
    value_lengths = write.norm(dim=-1)
    return HeadAttention(weights.cpu().numpy(), value_lengths.float().cpu().numpy())


@torch.inference_mode()
def _weights(start: CleanStart, head: Head) -> Float[Tensor, "query key"]:
    """One head's attention pattern in the clean run, computed for this head alone."""
    stack, clean = known_stack(start.model), start.clean
    assert clean is not None
    block, keys = stack.blocks[head.layer], clean.keys[head.layer]
    q, _, _ = block.qkv(clean.resid_pre[head.layer], clean.rotary)
    k = keys[head.head // (start.model.n_heads // len(keys))]
    positions = torch.arange(len(start.tokens), device=start.tokens.device)
    return pattern(q[:, head.head, None], k[None, None], positions, head_scoring(block, head.head))[
        0, 0
    ]


def head_scoring(block: Block, head: int) -> Scoring:
    """The block's scoring for one head alone: it keeps only that head's ALiBi slope."""
    slopes = block.scoring.slopes
    return replace(block.scoring, slopes=None if slopes is None else slopes[head][None])
