"""A loaded model: one raw TransformerBridge that many threads share and none may change.

The only hooks it carries are put on once, at load. What they do is decided by a context variable
of the calling thread, so two sweeps that run at once never see each other.
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
"""(layer, z [batch pos head d_head]) -> the z to go on with."""

PatternReader = Callable[[int, Tensor], None]
"""Sees (layer, pattern [batch head query key]), which it may not keep: a copy of what it needs."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A causal language model with everything a sweep needs to know about it.

    `value_shift` is z_raw - z_processed, one constant vector a head (the folded value and
    LayerNorm biases): with it, results under processed weights come from the raw model. It is
    zero for weights="raw". `stack` is the model's wiring for the growing pass; None sends its
    sweeps through hooks, and `slower_because` says why, as a sentence's part without a full stop.
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
        """Query heads in the whole model."""
        return self.n_layers * self.n_heads

    @property
    def fused_attention(self) -> bool:
        """Whether attention never writes out its scores: false with soft-capped ones."""
        return self.stack is not None and all(
            block.scoring.softcap is None for block in self.stack.blocks
        )

    def logits(
        self, tokens: Int[Tensor, "batch pos"], positions: tuple[int, ...]
    ) -> Float[Tensor, "batch read vocab"]:
        """Logits at `positions` only; the unembedding is not run anywhere else."""
        with torch.inference_mode():
            return self.differentiable_logits(tokens, positions)

    def differentiable_logits(
        self, tokens: Int[Tensor, "batch pos"], positions: tuple[int, ...]
    ) -> Float[Tensor, "batch read vocab"]:
        """`logits`, through which a gradient to an edited z can flow."""
        keep = torch.tensor(positions, device=tokens.device)
        output = self.bridge.original_model(input_ids=tokens, use_cache=False, logits_to_keep=keep)
        logits: Tensor = output.logits
        return logits

    def pattern(self, tokens: Int[Tensor, " pos"], head: Head) -> Float[Tensor, "query key"]:
        """One head's attention pattern in a clean pass, in float32 on the CPU."""
        found: list[Tensor] = []

        def keep(layer: int, pattern: Tensor) -> None:
            if layer == head.layer:  # a copy of one head: a view would keep all heads alive
                found.append(pattern[0, head.head].float().cpu().clone())

        self.see_patterns(tokens[None], keep)
        return found[0]

    def see_patterns(
        self,
        tokens: Int[Tensor, "batch pos"],
        see: PatternReader,
        edit: ZEditor | None = None,
    ) -> None:
        """One pass in which `see` reads every layer's attention pattern, in the layers' order.

        `edit` may replace every z, as in `editing_z`.
        """
        with _tapping(Taps(edit, see)):
            self.logits(tokens, (tokens.shape[1] - 1,))

    @contextmanager
    def editing_z(self, edit: ZEditor) -> Iterator[None]:
        """Within this context, and in this thread only, `edit` sees and may replace every z."""
        with _tapping(Taps(edit_z=edit)):
            yield


@dataclass(frozen=True)
class Taps:
    """What this thread's forward pass wants of the permanent hooks."""

    edit_z: ZEditor | None = None
    on_pattern: PatternReader | None = None


_taps: ContextVar[Taps | None] = ContextVar("headsweep_taps", default=None)


@contextmanager
def _tapping(taps: Taps) -> Iterator[None]:
    token = _taps.set(taps)
    try:
        yield
    finally:
        _taps.reset(token)


def attach_taps(bridge: Any) -> None:
    """Put the permanent hooks on every layer's `hook_z` and `hook_pattern`; once per model."""
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
