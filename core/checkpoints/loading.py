"""Load a model from the catalogue, the hub or a local folder, always in the same way.

Every checkpoint becomes a local folder of safetensors files, which TransformerBridge loads.
Nothing is unpickled and no remote code is run.
"""

import logging
from dataclasses import replace
from typing import Any, get_args

import torch

from core.checkpoints import catalogue
from core.checkpoints.boot import boot, no_report
from core.checkpoints.fingerprint import fingerprint
from core.checkpoints.folder import ReportProgress, checkpoint_folder
from core.checkpoints.memory import free_bytes
from core.checkpoints.permitted import check_permitted
from core.checkpoints.value_shift import no_shift, value_shift
from core.engine.proof import checked_model
from core.errors import ModelError
from core.model.loaded import LoadedModel, attach_taps
from core.prompts.guard import UnreadableError, guard_of
from core.settings import settings
from core.spec.spec import Dtype, Weights

_log = logging.getLogger(__name__)
_FREE_UNTOLD = 8 * 10**9
"""Bytes that are taken to be free where the system does not tell: a model of a billion parameters
may be compared in float32.
"""


def load_model(
    name: str,
    device: str = "auto",
    dtype: Dtype = "float32",
    weights: Weights = "processed",
    progress: ReportProgress | None = None,
) -> LoadedModel:
    """Load a model by catalogue name, hub name or local folder.

    Raises `ModelError`, with one sentence for the user, for a model that cannot be used: unknown,
    unreachable or gated names, folders without a model, damaged weights, encoders, models without
    attention heads, models that need remote code.
    """
    if dtype not in get_args(Dtype) or weights not in get_args(Weights):
        raise ModelError(f"dtype {dtype!r} with weights {weights!r} is not a choice.")
    check_permitted(name)
    report = progress or no_report
    chosen = resolve_device(device)
    folder = checkpoint_folder(name, report)
    report(f"Loading {name}", None)
    booted = boot(name, folder, chosen, dtype, report)
    bridge = booted.bridge
    _check_tokenizer(name, bridge.tokenizer)
    _check_heads(name, bridge)
    _check_finite(name, bridge)
    attach_taps(bridge)
    report(f"Checking {name}", None)
    preset = catalogue.default_prepend_bos(name)
    model = LoadedModel(
        name=catalogue.canonical(name),
        bridge=bridge,
        tokenizer=bridge.tokenizer,
        n_layers=len(bridge.blocks),
        n_heads=bridge.cfg.n_heads,
        d_head=bridge.cfg.d_head,
        n_ctx=bridge.cfg.n_ctx,
        device=chosen,
        dtype=dtype,
        weights=weights,
        default_prepend_bos=_default_bos(bridge) if preset is None else preset,
        architecture=str(bridge.cfg.architecture),
        fingerprint=fingerprint(folder),
        n_params=booted.n_params,
        n_block_params=booted.n_params - booted.n_vocabulary_params,
        d_model=bridge.cfg.d_model,
        d_mlp=getattr(bridge.cfg, "d_mlp", None) or 4 * bridge.cfg.d_model,
        d_vocab=bridge.cfg.d_vocab,
        stack=booted.stack,
        value_shift=no_shift(bridge).to(chosen),
        slower_because=booted.slower_because,
    )
    model = checked_model(model, in_float32=_fits_in_float32(model))
    if weights == "processed":  # from a wiring that has just been checked
        model = replace(model, value_shift=value_shift(model, folder).to(chosen))
    if model.slower_because:
        _log.warning("%s takes the slower path: %s", model.name, model.slower_because)
    return model


def resolve_device(device: str) -> str:
    """The device to use. "auto" is the operator's setting; if that is "auto" too, CUDA or the CPU.

    Raises `ModelError` for an unknown device and for one that this machine does not have.
    """
    if device == "auto":
        device = settings().device
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if device not in available:
        raise ModelError(f"{device!r} is not a device: use auto, cpu, cuda or mps.")
    if not available[device]:
        raise ModelError(f"This machine has no {device} device: use --device auto or cpu.")
    return device


def _fits_in_float32(model: LoadedModel) -> bool:
    """Whether a float32 copy of the weights takes at most half of the memory that is free."""
    free = free_bytes(model.device)
    return 8 * model.n_params <= (_FREE_UNTOLD if free is None else free)


def _check_tokenizer(name: str, tokenizer: Any) -> None:
    """Of what transformers has made of the files, which may be no tokenizer.json."""
    try:
        guard_of(tokenizer)
    except UnreadableError as error:
        raise ModelError(
            f"{name!r} could not be loaded: its tokenizer cannot be used ({error}). Choose another "
            "model."
        ) from None


def _check_heads(name: str, bridge: Any) -> None:
    blocks = list(getattr(bridge, "blocks", []))
    if not blocks or not all(
        hasattr(block, "attn") and hasattr(block.attn, "hook_z") for block in blocks
    ):
        raise ModelError(
            f"{name!r} does not have attention heads in every layer, so there is nothing to "
            "ablate: choose a transformer such as GPT-2, Pythia or Llama."
        )


def _check_finite(name: str, bridge: Any) -> None:
    for parameter in bridge.original_model.parameters():
        if not torch.isfinite(parameter).all():
            raise ModelError(f"The weights of {name!r} hold NaN or infinity: it cannot be swept.")


def _default_bos(bridge: Any) -> bool:
    return bool(bridge.cfg.default_prepend_bos) and bridge.tokenizer.bos_token_id is not None
