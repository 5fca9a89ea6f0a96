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

from core.checkpoints.files import weight_files
from core.checkpoints.folder import ReportProgress, check_folder
from core.checkpoints.header import Weights, read_weights
from core.checkpoints.skeleton import bounded_building, check_fits, model_class_of
from core.checkpoints.staging import staged
from core.checkpoints.this_thread import DefaultDtype, Stoppable
from core.errors import Cancelled, ModelError, escaped, is_memory_error
from core.model.families import stack_of
from core.model.products import product_in_float32
from core.model.stack import Stack
from core.spec.spec import Dtype

_log = logging.getLogger(__name__)
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}

_quiet_turn = threading.Lock()
_silence = contextlib.ExitStack()
_silent_threads = 0

_making_turn = threading.RLock()
"""Held for the moments in which transformers makes a model's modules, without any weight, and for
those in which it ties weights: while it makes modules no model of the process can tie any."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence the output, warnings and log messages of libraries while a model loads.

    Standard output, warnings and logging belong to the whole process. The first thread to come
    silences them and the last one to leave restores them; nobody waits for another.
    """
    global _silent_threads
    with _quiet_turn:
        if _silent_threads == 0:
            _be_silent()
        _silent_threads += 1
    try:
        yield
    finally:
        with _quiet_turn:
            _silent_threads -= 1
            if _silent_threads == 0:
                _silence.close()


def _be_silent() -> None:
    _silence.callback(logging.disable, logging.root.manager.disable)
    logging.disable(logging.WARNING)
    _silence.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    _silence.enter_context(contextlib.redirect_stdout(io.StringIO()))


@dataclass(frozen=True, eq=False)
class Booted:
    """A bridge, with the facts that must be read before the bridge wraps the model's submodules."""

    bridge: Any
    stack: Stack | None
    slower_because: str
    n_params: int
    n_vocabulary_params: int


def no_report(what: str, fraction: float | None) -> None:
    """Say nothing while a model loads."""


def boot(
    name: str,
    folder: Path,
    device: str,
    dtype: Dtype,
    report: ReportProgress = no_report,
) -> Booted:
    """Load a folder's checkpoint into a bridge.

    Raises `ModelError` for whatever goes wrong, and what `report` raises to give it up.
    """
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # its bars would overwrite ours
    config = check_folder(name, folder)
    where = ""
    try:
        weights = _weights(name, folder)
        with staged(folder, config) as own, bounded_building(name, weights, report), quiet():
            where = str(own)
            return _booted(name, own, weights, device, dtype, report)
    except (ModelError, Cancelled):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ModelError(_load_failure(name, error, where)) from error


def _weights(name: str, folder: Path) -> Weights:
    try:
        return read_weights(weight_files(folder))
    except ValueError as error:
        raise ModelError(_damaged(name, str(error))) from None


def _damaged(name: str, why: str) -> str:
    return f"The weights of {name!r} are damaged or cut off: copy or download them again ({why})."


def _booted(
    name: str, folder: Path, weights: Weights, device: str, dtype: Dtype, report: ReportProgress
) -> Booted:
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoConfig, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    config = AutoConfig.from_pretrained(
        folder, trust_remote_code=False, attn_implementation="eager"
    )
    check_fits(name, config, weights, _DTYPES[dtype], device)
    # Loaded here and given to the bridge: only this call says which tensors were missing.
    with _stoppable(name, report):
        hf_model, info = _read(folder, config, dtype)
    _check_complete(name, info)
    hf_model = hf_model.to(device).eval().requires_grad_(False)
    (stack, why), n_params = wiring(hf_model), hf_model.num_parameters()
    _unembed_in_float32(hf_model)
    n_vocabulary_params = _n_vocabulary_params(hf_model)
    bridge = TransformerBridge.boot_transformers(
        str(folder),
        hf_model=hf_model,
        tokenizer=tokenizer,
        device=device,
        dtype=_DTYPES[dtype],
        trust_remote_code=False,
    )
    return Booted(bridge.eval(), stack, why, n_params, n_vocabulary_params)


class _GivenUp(BaseException):
    """Somebody has given a load up: past whatever transformers catches on the way."""


@contextlib.contextmanager
def _stoppable(name: str, report: ReportProgress) -> Iterator[None]:
    """Within it, what `report` raises ends the reading of weights, between two tensors."""
    why: list[Exception] = []

    def ask() -> None:
        try:
            report(f"Loading {name}", None)
        except Exception as error:
            why.append(error)
            raise _GivenUp from error

    try:
        with Stoppable(ask):
            yield
    except _GivenUp:
        raise why[0] from None


def _read(folder: Path, config: Any, dtype: Dtype) -> tuple[Any, dict[str, Any]]:
    """A model of transformers with its weights, and what it says of them.

    While it makes the modules, transformers changes functions of its own for the whole process, so
    that one thread at a time may do that. Reading weights, which takes long, goes on beside it.
    """
    from transformers import AutoModelForCausalLM

    model_class: Any = model_class_of(config)
    given: dict[str, Any] = {
        "config": config,
        "dtype": _DTYPES[dtype],
        "attn_implementation": "eager",
        "use_safetensors": True,
        "trust_remote_code": False,
        "output_loading_info": True,
        "ignore_mismatched_sizes": True,  # so that they are reported, and refused by the caller
    }
    if model_class is None:  # it explains that, and makes nothing
        return tuple(AutoModelForCausalLM.from_pretrained(folder, **given))
    made, info = _in_turn(model_class).from_pretrained(folder, **given)
    made.__class__ = model_class
    return made, info


def _in_turn(model_class: Any) -> Any:
    """A model's class whose modules are made, and weights tied, while no other model is made.

    torch's default type stays float32 for everybody else: `dtype` is this thread's alone.
    """

    def get_init_context(cls: Any, dtype: Any, *args: Any, **kwargs: Any) -> list[Any]:
        made = super(own, cls).get_init_context(torch.get_default_dtype(), *args, **kwargs)
        return [_making_turn, DefaultDtype(dtype), *made]

    def tie_weights(self: Any, *args: Any, **kwargs: Any) -> None:
        with _making_turn:
            super(own, self).tie_weights(*args, **kwargs)

    own: Any = type(
        model_class.__name__,
        (model_class,),
        {
            "get_init_context": classmethod(get_init_context),
            "tie_weights": tie_weights,
            "__module__": model_class.__module__,
        },
    )
    return own


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
        said = escaped(" ".join(str(error).split())[:120])
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


def _load_failure(name: str, error: BaseException, where: str) -> str:
    """The sentence for an error of the libraries, which know the model by a folder `where`."""
    kind, text = type(error).__name__, " ".join(str(error).split())
    text = text.replace(where, "its folder") if where else text
    if "Safetensor" in kind or "header" in text.lower() or "incomplete metadata" in text.lower():
        return _damaged(name, text[:120])
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return f"{name!r} does not fit into memory here: choose a smaller model, or bfloat16."
    if "unsupported" in text.lower() or "not supported" in text.lower():
        return f"{name!r} is of a type that TransformerLens does not support ({text[:160]})."
    _log.warning("%s could not be loaded", name, exc_info=error)
    # What Python says of its own objects helps only in the log.
    own = isinstance(error, TypeError | AttributeError | LookupError | RecursionError)
    text = text.rpartition("Error: ")[2]  # of an error that tells another one
    said = "" if own or not text else f" ({text[:200]})"
    return (
        f"{name!r} could not be loaded: its config.json, tokenizer or weights are not as "
        f"transformers writes them{said}. Save it anew with save_pretrained(), or choose another."
    )
