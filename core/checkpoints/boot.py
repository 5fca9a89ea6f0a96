"""Boot a checkpoint: its folder becomes a bridge, with what is read before the bridge wraps it."""

import contextlib
import io
import logging
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.errors import ModelError, is_memory_error
from core.model.families import stack_of
from core.model.products import product_in_float32
from core.model.stack import Stack
from core.spec.spec import Dtype

_log = logging.getLogger(__name__)
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

_quiet_turn = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
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
class Booted:
    """A bridge, with the facts that must be read before the bridge wraps the model's submodules."""

    bridge: Any
    stack: Stack | None
    slower_because: str
    n_params: int
    n_vocabulary_params: int


def boot(name: str, folder: Path, device: str, dtype: Dtype) -> Booted:
    """Load a folder's checkpoint into a bridge. Raises `ModelError` for whatever goes wrong."""
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # its bars would overwrite ours
    try:
        with quiet():
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
            _unembed_in_float32(hf_model)
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
    return Booted(bridge.eval(), stack, why, n_params, n_vocabulary_params)


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


def _unembed_in_float32(hf_model: Any) -> None:
    """Make the model's own code give float32 logits: bfloat16 ones are multiples of 0.125 at 20."""
    last = hf_model.get_output_embeddings()
    if type(last) is nn.Linear and last.weight.dtype is not torch.float32:
        wide = product_in_float32(last)
        last.register_forward_hook(lambda module, given, out: wide(given[0]))


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
