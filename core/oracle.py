"""The plain hook-by-hook loop on TransformerLens: the truth that the engine is held to.

One full forward pass a head, as the notebook does it, on a bridge whose weights TransformerLens
itself processed. Slow, obvious, and sharing no code with the engine.
"""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.ablation import AblationKind
from core.heads import Head
from core.spec import Weights


def load_oracle(folder: str | Path, weights: Weights = "processed") -> Any:
    """A TransformerBridge of its own, processed by TransformerLens or left raw."""
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(str(folder), device="cpu", dtype=torch.float32)
    if weights == "processed":
        bridge.enable_compatibility_mode(disable_warnings=True)
    return bridge


def ablated_logits(
    bridge: Any,
    tokens: Int[Tensor, "1 pos"],
    head: Head,
    kind: AblationKind,
    positions: tuple[int, ...] | None = None,
) -> Float[Tensor, "pos vocab"]:
    """Logits of one pass in which `head` is ablated at `positions` (None: everywhere)."""

    def overwrite(z: Tensor, hook: Any) -> Tensor:
        z = z.clone()
        where = list(range(z.shape[1])) if positions is None else list(positions)
        if kind is AblationKind.ZERO:
            z[:, where, head.head] = 0
        elif kind is AblationKind.MEAN_ACROSS_HEADS:
            z[:, where, head.head] = z.mean(dim=2)[:, where]
        return z

    hooks = [(f"blocks.{head.layer}.attn.hook_z", overwrite)]
    with torch.inference_mode():
        logits: Tensor = bridge.run_with_hooks(tokens, fwd_hooks=hooks)
    return logits[0]
