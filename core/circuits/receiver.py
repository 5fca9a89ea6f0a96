"""One head with one of its inputs exchanged: where it then looks, and what it then gathers."""

import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.attention import head_scoring
from core.circuits.residual_stream import additive_stack
from core.engine import CleanStart
from core.model.attention import attend, pattern
from core.model.loaded import LoadedModel
from core.spec.heads import Head

INPUTS = ("query", "key", "value")
"""The three inputs of a head."""

HeadVectors = Float[Tensor, "#row pos d_head"]
"""Queries, keys or values of one head."""


def sharing(model: LoadedModel, head: Head) -> tuple[Head, ...]:
    """The heads that read the same keys and values as `head`, itself included.

    It is `head` alone where every head has keys and values of its own. The wiring must be known.
    """
    n_kv = len(additive_stack(model).blocks[head.layer].lens.keys())
    size = model.n_heads // n_kv
    first = head.head - head.head % size
    return tuple(Head(head.layer, first + member) for member in range(size))


class Receiver:
    """A head in one clean run, with its queries, keys and values there."""

    @torch.inference_mode()
    def __init__(self, start: CleanStart, head: Head) -> None:
        clean, layer = start.clean, head.layer
        assert clean is not None
        self.head, self.block = head, additive_stack(start.model).blocks[layer]
        self._rotary, self._n_pos = clean.rotary, len(start.tokens)
        self._kv = head.head // (start.model.n_heads // len(clean.keys[layer]))
        self._q, _, _ = self.block.qkv(clean.resid_pre[layer], clean.rotary)
        self._k = clean.keys[layer][self._kv][None]
        self._v = clean.values[layer][self._kv][None]

    @property
    def clean(self) -> tuple[HeadVectors, HeadVectors, HeadVectors]:
        """The head's queries, keys and values in the clean run."""
        return self._q[:, self.head.head], self._k, self._v

    def inputs(
        self, streams: Float[Tensor, "row pos d_model"]
    ) -> tuple[HeadVectors, HeadVectors, HeadVectors]:
        """The head's queries, keys and values if it read these residual streams."""
        q, k, v = self.block.qkv(streams, self._rotary)
        return q[:, self.head.head], k[:, self._kv], v[:, self._kv]

    def attention(
        self, q: HeadVectors, k: HeadVectors, queries: list[int]
    ) -> Float[Tensor, "row query key"]:
        """The head's attention weights from some positions, with these queries and keys."""
        at = torch.tensor(queries, device=q.device)
        rows = max(len(q), len(k))
        q, k = (x.expand(rows, -1, -1)[:, None] for x in (q[:, at], k))
        return pattern(q, k, at, head_scoring(self.block, self.head.head))[:, 0]

    @torch.inference_mode()
    def z(
        self, through: str, streams: Float[Tensor, "row pos d_model"], head: Head
    ) -> Float[Tensor, "row pos d_head"]:
        """Z of `head` where one input of this head is that of `streams`, at every position.

        `head` is this head, or one that shares its keys and values: it has queries of its own. It
        is in the coordinates of the raw weights.
        """
        patched = dict(zip(INPUTS, self.inputs(streams), strict=True))
        q, k, v = (
            patched[name] if name == through else own
            for name, own in zip(INPUTS, (self._q[:, head.head], self._k, self._v), strict=True)
        )
        q, k, v = (x.expand(len(streams), -1, -1)[:, None] for x in (q, k, v))
        at = torch.arange(self._n_pos, device=q.device)
        return attend(q, k, v, at, head_scoring(self.block, head.head))[:, :, 0]
