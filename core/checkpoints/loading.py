"""Load a model from the catalogue, the hub or a local folder, always in the same way.

Every checkpoint becomes a local folder of safetensors files, which TransformerBridge loads.
Nothing is unpickled and no remote code is run.
"""

import contextlib
import io
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from core.checkpoints import catalogue
from core.checkpoints.fingerprint import fingerprint
from core.checkpoints.permitted import check_permitted
from core.engine.proof import checked_model, probe_tokens
from core.errors import ModelError, is_memory_error
from core.model.families import stack_of
from core.model.loaded import LoadedModel, attach_taps
from core.model.stack import Stack
from core.settings import settings
from core.spec.spec import Dtype, Weights
from core.text.json_form import MayLack, Nullable, Plain, check_form, json_shown, parsed_json

ReportProgress = Callable[[str, float | None], None]
"""Called with (description of the step, fraction done or None) while a model loads."""

_log = logging.getLogger(__name__)
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_CONFIG = {
    "model_type": MayLack(Nullable(Plain.TEXT)),
    "architectures": MayLack(Nullable([Plain.TEXT])),
}
"""What is read of a config.json before transformers reads all of it."""
_SHIFT_TOLERANCE = 1e-3
_NOISE = 4.0
"""A shift is real from so many times its largest deviation from being constant."""


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
    report = progress or (lambda what, fraction: None)
    chosen = resolve_device(device)
    folder = checkpoint_folder(name, report)
    check_folder(name, folder)
    report(f"Loading {name}", None)
    booted = _boot(name, folder, chosen, dtype)
    bridge = booted.bridge
    _check_heads(name, bridge)
    _check_finite(name, bridge)
    attach_taps(bridge)
    report(f"Checking {name}", None)
    shift = _value_shift(name, folder, chosen) if weights == "processed" else _no_shift(bridge)
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
        value_shift=shift.to(chosen),
        slower_because=booted.slower_because,
    )
    model = checked_model(model)
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


def checkpoint_folder(name: str, report: ReportProgress) -> Path:
    """The local folder of a model; a hub name is downloaded first."""
    known = catalogue.entry(name)
    source = known.source if known is not None else name
    if known is None and catalogue.is_path(name):
        return _local_folder(name)
    if known is not None and Path(source).is_dir():
        return Path(source)

    def downloading(done: int, total: int | None) -> None:
        size = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else f"{done / 1e6:,.0f} MB"
        report(f"Downloading {name}: {size}", done / total if total else None)

    from core.checkpoints import hub

    return hub.fetch(source, downloading)


def _local_folder(name: str) -> Path:
    exists = False
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        folder = Path(name).expanduser()
        if folder.is_dir():
            return folder
        exists = folder.exists()
    if exists:
        raise ModelError(f"{name!r} is a file: name the folder that holds config.json.")
    raise ModelError(f"There is no folder {name!r}: check the path.")


def check_folder(name: str, folder: Path) -> None:
    """Raise `ModelError` for a folder that is not a checkpoint that this program can read."""
    config_file = folder / "config.json"
    if not config_file.is_file():
        raise ModelError(
            f"{name!r} is not a model folder: it has no config.json. Name a folder saved with "
            "save_pretrained()."
        )
    try:
        config = parsed_json(config_file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        raise ModelError(f"{name!r} has a config.json that cannot be read: save it anew.") from None
    try:
        check_form(config, _CONFIG, "")
    except ValueError as error:
        raise ModelError(
            f"{name!r} has a config.json that cannot be read ({error}): save it anew."
        ) from None
    if not any(folder.glob("*.safetensors")):
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt"))
        raise ModelError(
            f"{name!r} holds only pickled weights, which could run code: save it as safetensors "
            "(save_pretrained does)."
            if pickled
            else f"{name!r} has a config.json but no weights (*.safetensors)."
        )
    _check_tokenizer_files(name, folder)
    _check_kind(name, config)


def _check_tokenizer_files(name: str, folder: Path) -> None:
    kinds = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
    if not any((folder / kind).is_file() for kind in kinds):
        raise ModelError(
            f"{name!r} has no tokenizer (tokenizer.json): save the tokenizer there too."
        )


def _check_kind(name: str, config: dict[str, Any]) -> None:
    from transformers import CONFIG_MAPPING

    kind = config.get("model_type")
    if "auto_map" in config and kind not in CONFIG_MAPPING:
        raise ModelError(
            f"{name!r} needs program code from its authors, which Headsweep never runs: choose a "
            "model that transformers supports itself."
        )
    if kind not in CONFIG_MAPPING:
        raise ModelError(f"{name!r} is of an unknown kind (model_type {json_shown(kind)}).")
    architectures = config.get("architectures") or []
    causal = any(a.endswith(("ForCausalLM", "LMHeadModel")) for a in architectures)
    if config.get("is_encoder_decoder") or (architectures and not causal):
        seen = ", ".join(architectures) or kind
        raise ModelError(
            f"{name!r} ({seen}) is not a causal language model: Headsweep sweeps models that "
            "predict the next token, such as GPT-2, Pythia or Llama."
        )


_quiet_turn = threading.RLock()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the output, warnings and log messages of libraries while a model loads.

    Standard output, warnings and logging belong to the whole process, so only one thread at a time
    may change them: else the last thread to leave could restore the silenced state.
    """
    with _quiet_turn:
        level = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                yield
        finally:
            logging.disable(level)


@dataclass(frozen=True, eq=False)
class _Booted:
    """A bridge, with the facts that must be read before the bridge wraps the model's submodules."""

    bridge: Any
    stack: Stack | None
    slower_because: str
    n_params: int
    n_vocabulary_params: int


def _boot(name: str, folder: Path, device: str, dtype: Dtype) -> _Booted:
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # its bars would overwrite ours
    try:
        with _quiet():
            # Loaded here and given to the bridge: only this call says which tensors were missing.
            hf_model, info = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=_DTYPES[dtype],
                attn_implementation="eager",
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # so that they are reported, and refused below
            )
            _check_complete(name, info)
            hf_model = hf_model.to(device).eval().requires_grad_(False)
            (stack, why), n_params = wiring(hf_model), hf_model.num_parameters()
            n_vocabulary_params = _n_vocabulary_params(hf_model)
            bridge = TransformerBridge.boot_transformers(
                str(folder),
                hf_model=hf_model,
                tokenizer=AutoTokenizer.from_pretrained(folder, trust_remote_code=False),
                device=device,
                dtype=_DTYPES[dtype],
                trust_remote_code=False,
            )
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(_load_failure(name, error)) from error
    return _Booted(bridge.eval(), stack, why, n_params, n_vocabulary_params)


def wiring(hf_model: Any) -> tuple[Stack | None, str]:
    """The model's wiring; or None, and so the slower path, and why.

    A wiring is a shortcut: whatever is wrong with building it, such as a part or a function that a
    release of transformers has renamed, leaves the model as usable as one without.
    """
    kind = hf_model.config.model_type
    try:
        stack = stack_of(hf_model)
    except Exception as error:
        if is_memory_error(error):
            raise
        said = " ".join(str(error).split())[:120]
        return None, f"the wiring of {kind!r} could not be built ({type(error).__name__}: {said})"
    if stack is None:
        return None, f"no wiring is known for {kind!r} models with these settings"
    return stack, ""


def _n_vocabulary_params(hf_model: Any) -> int:
    """Parameters of the token embedding and of the unembedding; a shared tensor counts once."""
    parts = (hf_model.get_input_embeddings(), hf_model.get_output_embeddings())
    weights = [part.weight for part in parts if part is not None]
    return sum({weight.data_ptr(): weight.numel() for weight in weights}.values())


def _check_complete(name: str, info: dict[str, Any]) -> None:
    """Refuse a checkpoint that lacks tensors: transformers would fill them with random numbers."""
    missing = sorted({*info["missing_keys"], *(str(k) for k in info["mismatched_keys"])})
    if missing:
        raise ModelError(
            f"The weights of {name!r} do not fit its config.json: {len(missing)} tensors are "
            f"missing or of another shape (such as {missing[0]}). Copy or download it again."
        )


def _load_failure(name: str, error: Exception) -> str:
    kind, text = type(error).__name__, " ".join(str(error).split())
    if "Safetensor" in kind or "header" in text.lower() or "incomplete metadata" in text.lower():
        return (
            f"The weights of {name!r} are damaged or cut off: copy or download them again "
            f"({text[:120]})."
        )
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return f"{name!r} does not fit into memory here: choose a smaller model, or bfloat16."
    if "unsupported" in text.lower() or "not supported" in text.lower():
        return f"{name!r} is of a kind that TransformerLens does not support ({text[:160]})."
    _log.warning("%s could not be loaded", name, exc_info=error)
    # What Python says of its own objects helps only in the log.
    own = isinstance(error, TypeError | AttributeError | LookupError | RecursionError)
    text = text.rpartition("Error: ")[2]  # of an error that tells another one
    said = "" if own or not text else f" ({text[:200]})"
    return (
        f"{name!r} could not be loaded: its config.json, tokenizer or weights are not as "
        f"transformers writes them{said}. Save it anew with save_pretrained(), or choose another."
    )


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


def _no_shift(bridge: Any) -> Float[Tensor, "layer head d_head"]:
    return torch.zeros(len(bridge.blocks), bridge.cfg.n_heads, bridge.cfg.d_head)


def _value_shift(name: str, folder: Path, device: str) -> Float[Tensor, "layer head d_head"]:
    """z_raw - z_processed: one vector per head, the same at every position and for every prompt.

    The weights of each query sum to 1, so a bias of the values (or of the LayerNorm before them)
    adds a constant to z. It is measured with a processed copy of the model, which is then freed,
    and checked to be constant.
    """
    raw = _boot(name, folder, device, "float32").bridge
    tokens = probe_tokens(raw.cfg.d_vocab, raw.cfg.n_ctx)
    z_raw = _clean_z(raw, tokens)
    try:
        with _quiet():
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
