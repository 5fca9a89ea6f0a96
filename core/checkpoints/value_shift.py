"""How far processed weights shift a head's z: by a constant, from the weights or measured."""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from core.checkpoints.boot import boot, quiet
from core.engine.proof import probe_tokens
from core.errors import ModelError
from core.model.loaded import LoadedModel

_SHIFT_TOLERANCE = 1e-3
_NOISE = 4.0
"""A shift is real from so many times its largest deviation from being constant."""
_ROUNDING = 1e-6
"""And from this share of the largest z: what float32 can tell apart at all."""


def value_shift(model: LoadedModel, folder: Path) -> Float[Tensor, "layer head d_head"]:
    """z_raw - z_processed: one vector per head, the same at every position and for every prompt.

    The weights of each query sum to 1, so a bias of the values (b_V), or of the LayerNorm before
    them (W_V b_ln), adds a constant to z. Processing moves both past the heads. They are the values
    of a residual stream that is zero; of a model whose wiring is not known they are measured.
    """
    if model.stack is None:
        return measured_shift(model.name, folder, model.device)
    zero = torch.zeros(1, 1, model.d_model, device=model.device, dtype=getattr(torch, model.dtype))
    rotary = model.stack.rotary(1, zero)
    with torch.no_grad():
        values = [block.qkv(zero, rotary)[2][0, :, 0] for block in model.stack.blocks]
    by_kv_head = torch.stack(values).float()
    return by_kv_head.repeat_interleave(model.n_heads // by_kv_head.shape[1], dim=1)


def no_shift(bridge: Any) -> Float[Tensor, "layer head d_head"]:
    """The shift of raw weights: zero."""
    return torch.zeros(len(bridge.blocks), bridge.cfg.n_heads, bridge.cfg.d_head)


def measured_shift(name: str, folder: Path, device: str) -> Float[Tensor, "layer head d_head"]:
    """The same, measured with a processed copy of the model, and checked to be constant.

    The copy is then freed. Raises `ModelError` where the weights cannot be processed.
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
    shift = constant_shift(z_raw, _clean_z(raw, tokens))
    if shift is None:
        raise ModelError(
            f"Processing the weights of {name!r} changes its heads by more than a constant: use "
            "--weights raw."
        )
    return shift


def constant_shift(
    raw: Float[Tensor, "layer pos head d_head"], processed: Float[Tensor, "layer pos head d_head"]
) -> Float[Tensor, "layer head d_head"] | None:
    """How far two runs are apart, if it is the same at every position; else None.

    What is no larger than the noise of measuring it is exactly 0: a later norm would enlarge it.
    """
    difference, largest = raw - processed, raw.abs().max()
    shift = difference.mean(dim=1)
    spread = (difference - shift[:, None]).abs().max()
    if spread > _SHIFT_TOLERANCE * (1 + largest):
        return None
    noise = torch.maximum(_NOISE * spread, _ROUNDING * largest)
    return torch.where(shift.abs() > noise, shift, 0.0)


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
