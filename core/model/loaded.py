"""A loaded model: one raw TransformerBridge, shared by many threads and changed by none.

Its only hooks are attached once, at load. A context variable of the calling thread decides what
they do, so two sweeps that run at the same time do not affect each other.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.model.stack import Stack
from core.spec.heads import Head
from core.spec.spec import Dtype, Weights

ZEditor = Callable[[int, Tensor], Tensor]
"""(layer, z [batch pos head d_head]) -> the z with which the pass continues."""

PatternReader = Callable[[int, Tensor], None]
"""Called with (layer, pattern [batch head query key]); it must copy what it keeps."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A causal language model with everything that a sweep needs to know about it.

    `value_shift` is z_raw - z_processed, one constant vector per head (the folded value and
    LayerNorm biases). With it the raw model gives the results of processed weights. It is zero for
    weights="raw". `stack` is the model's wiring for the growing pass; if it is None, sweeps use
    hooks, and `slower_because` says why, as a part of a sentence without a full stop.
    """

    name: str
    bridge: Any
    tokenizer: Any
    n_layers: int
    n_heads: int
    d_head: int
    n_ctx: int
    device: str
    dtype: Dtype
    weights: Weights
    default_prepend_bos: bool
    architecture: str
    fingerprint: str
    n_params: int
    n_block_params: int
    d_model: int
    d_mlp: int
    d_vocab: int
    stack: Stack | None = field(repr=False)
    value_shift: Float[Tensor, "layer head d_head"] = field(repr=False)
    slower_because: str = ""

    @property
    def n_all_heads(self) -> int:
        """The number of query heads in the whole model."""
        return self.n_layers * self.n_heads

    @property
    def fused_attention(self) -> bool:
        """Whether attention can run without storing its scores: false for soft-capped scores."""
        return self.stack is not None and all(
            block.scoring.softcap is None for block in self.stack.blocks
        )

    def logits(
        self, tokens: Int[Tensor, "batch pos"], positions: tuple[int, ...]
    ) -> Float[Tensor, "batch read vocab"]:
        """Logits at `positions`; the unembedding is computed there only."""
        with torch.inference_mode():
            return self.differentiable_logits(tokens, positions)

    def differentiable_logits(
        self, tokens: Int[Tensor, "batch pos"], positions: tuple[int, ...]
    ) -> Float[Tensor, "batch read vocab"]:
        """`logits` with gradients, which can flow back to an edited z."""
        keep = torch.tensor(positions, device=tokens.device)
        output = self.bridge.original_model(input_ids=tokens, use_cache=False, logits_to_keep=keep)
        logits: Tensor = output.logits
        return logits

    def pattern(self, tokens: Int[Tensor, " pos"], head: Head) -> Float[Tensor, "query key"]:
        """One head's attention pattern in a clean pass, in float32 on the CPU."""
        patterns: list[Tensor] = []

        def keep(layer: int, pattern: Tensor) -> None:
            if layer == head.layer:  # a view would keep the patterns of all heads in memory
                patterns.append(pattern[0, head.head].float().cpu().clone())

        self.read_patterns(tokens[None], keep)
        return patterns[0]

    def read_patterns(
        self,
        tokens: Int[Tensor, "batch pos"],
        see: PatternReader,
        edit: ZEditor | None = None,
    ) -> None:
        """Run one pass and call `see` with the attention pattern of every layer, layer 0 first.

        `edit` may replace every z, as in `editing_z`.
        """
        with _tapping(HookActions(edit, see)):
            self.logits(tokens, (tokens.shape[1] - 1,))

    @contextmanager
    def editing_z(self, edit: ZEditor) -> Iterator[None]:
        """While this context is open, `edit` may replace every z of passes in this thread."""
        with _tapping(HookActions(edit_z=edit)):
            yield


@dataclass(frozen=True)
class HookActions:
    """What the permanent hooks do in a forward pass of this thread."""

    edit_z: ZEditor | None = None
    on_pattern: PatternReader | None = None


_taps: ContextVar[HookActions | None] = ContextVar("headsweep_taps", default=None)


@contextmanager
def _tapping(taps: HookActions) -> Iterator[None]:
    token = _taps.set(taps)
    try:
        yield
    finally:
        _taps.reset(token)


def attach_taps(bridge: Any) -> None:
    """Attach the permanent hooks to every layer's `hook_z` and `hook_pattern`; once per model."""
    for layer, block in enumerate(bridge.blocks):
        block.attn.hook_z.add_perma_hook(partial(_tap_z, layer))
        block.attn.hook_pattern.add_perma_hook(partial(_tap_pattern, layer))


def _tap_z(layer: int, z: Tensor, hook: Any) -> Tensor | None:
    taps = _taps.get()
    return None if taps is None or taps.edit_z is None else taps.edit_z(layer, z)


def _tap_pattern(layer: int, pattern: Tensor, hook: Any) -> None:
    taps = _taps.get()
    if taps is not None and taps.on_pattern is not None:
        taps.on_pattern(layer, pattern.detach())
