"""How far processed weights shift a head's z: by a constant, which is measured and checked."""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from core.checkpoints.boot import boot, quiet
from core.engine.proof import probe_tokens
from core.errors import ModelError

_SHIFT_TOLERANCE = 1e-3
_NOISE = 4.0
"""A shift is real from so many times its largest deviation from being constant."""


def no_shift(bridge: Any) -> Float[Tensor, "layer head d_head"]:
    """The shift of raw weights: zero."""
    return torch.zeros(len(bridge.blocks), bridge.cfg.n_heads, bridge.cfg.d_head)


def value_shift(name: str, folder: Path, device: str) -> Float[Tensor, "layer head d_head"]:
    """z_raw - z_processed: one vector per head, the same at every position and for every prompt.

    The weights of each query sum to 1, so a bias of the values (or of the LayerNorm before them)
    adds a constant to z. It is measured with a processed copy of the model, which is then freed,
    and checked to be constant.
    """
    raw = boot(name, folder, device, "float32").bridge
    tokens = probe_tokens(raw.cfg.d_vocab, raw.cfg.n_ctx)
    z_raw = _clean_z(raw, tokens)
    try:
        with quiet():
            raw.enable_compatibility_mode(disable_warnings=True)
    except Exception as error:
        raise ModelError(
            f"The weights of {name!r} cannot be processed the way TransformerLens does it: use "
            "--weights raw."
        ) from error
    difference = z_raw - _clean_z(raw, tokens)
    shift = difference.mean(dim=1)
    spread = (difference - shift[:, None]).abs().max()
    if spread > _SHIFT_TOLERANCE * (1 + z_raw.abs().max()):
        raise ModelError(
            f"Processing the weights of {name!r} changes its heads by more than a constant: use "
            "--weights raw."
        )
    # What is no larger than the noise of measuring it is 0: a later norm would enlarge it.
    return torch.where(shift.abs() > _NOISE * spread, shift, 0.0)


def _clean_z(bridge: Any, tokens: Tensor) -> Float[Tensor, "layer pos head d_head"]:
    z_by_layer: dict[int, Tensor] = {}

    def keep(layer: int, z: Tensor) -> None:
        z_by_layer[layer] = z.detach()[0].float()

    hooks = [
        (f"blocks.{layer}.attn.hook_z", lambda z, hook, layer=layer: keep(layer, z))
        for layer in range(len(bridge.blocks))
    ]
    with torch.inference_mode():
        bridge.run_with_hooks(tokens.to(bridge.cfg.device), fwd_hooks=hooks)
    return torch.stack([z_by_layer[layer] for layer in range(len(bridge.blocks))])
