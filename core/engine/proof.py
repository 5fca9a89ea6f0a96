"""Checks of a loaded model before it is used: it is causal, editable, and its fast path exact."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine import run, start_clean
from core.engine.interventions import Edit, Intervention
from core.errors import ModelError, escaped, is_memory_error
from core.model.loaded import LoadedModel
from core.spec.ablation import AblationKind
from core.spec.heads import Head

_log = logging.getLogger(__name__)
_PROBE_LENGTH = 12
_TOLERANCE = {"float32": 1e-5, "bfloat16": 2e-2}
"""The largest error of a log prob, as a share of the largest logit (at least 10)."""
_ROUGHER = 2.0
"""How many times the rounding of the model's own code the growing pass may have in bfloat16."""


def probe_tokens(d_vocab: int, n_ctx: int) -> Int[Tensor, "1 pos"]:
    """A short sequence of random tokens, the same on every call."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(d_vocab, (1, min(_PROBE_LENGTH, n_ctx)), generator=generator)


def checked_model(model: LoadedModel, *, in_float32: bool = False) -> LoadedModel:
    """The model, checked on a few tokens; `stack` is None if the growing pass is not exact.

    In bfloat16 two ways of the same sums may differ by as much as a wrong wiring would. With
    `in_float32` such a model's wiring is therefore compared in float32, for which its weights are
    made so for a moment: 4 bytes of memory a parameter. No other thread may use it meanwhile.

    Raises `ModelError` for a model that reads later tokens, whose z does not have the shape (head,
    d_head), whose logits change when z is replaced by itself, or whose own code fails.
    """
    with _run_or_refused(model):
        tokens = probe_tokens(model.d_vocab, model.n_ctx).to(model.device)
        _check_causal(model, tokens)
        _check_editable(model, tokens)
        if model.stack is None:
            return model
        widen = in_float32 and model.dtype != "float32"
        why = _inexact_in_float32(model, tokens) if widen else _inexact(model, tokens[0])
    return replace(model, stack=None, slower_because=why) if why else model


@contextmanager
def _run_or_refused(model: LoadedModel) -> Iterator[None]:
    """Within it, an error of the model's own code is a `ModelError`, but for lack of memory."""
    try:
        yield
    except Exception as error:
        if isinstance(error, ModelError) or is_memory_error(error):
            raise
        _log.warning("%s could not be run", model.name, exc_info=error)
        said = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise ModelError(
            f"{model.name!r} cannot be run on a few tokens ({said}): its config.json may not be "
            "its own. Save it anew with save_pretrained(), or choose another."
        ) from error


def _check_causal(model: LoadedModel, tokens: Int[Tensor, "1 pos"]) -> None:
    """Check that another last token does not change the logits before it, as in an encoder."""
    other = tokens.clone()
    other[0, -1] = (other[0, -1] + 1) % model.d_vocab
    before = tuple(range(tokens.shape[1] - 1))
    if not before:
        return
    clean = model.logits(tokens, before)
    if _largest_difference(model.logits(other, before), clean) > _tolerance(model, clean):
        raise ModelError(
            f"{model.name!r} ({model.architecture}) is not a causal language model: it reads "
            "later tokens too. Headsweep sweeps models that predict the next token."
        )


def _check_editable(model: LoadedModel, tokens: Int[Tensor, "1 pos"]) -> None:
    """Check that z has the expected shape, and that replacing z by itself changes no logit."""
    last = (tokens.shape[1] - 1,)
    seen: dict[int, tuple[int, ...]] = {}

    def put_back(layer: int, z: Tensor) -> Tensor:
        seen[layer] = tuple(z.shape)
        return z.clone()

    clean = model.logits(tokens, last)
    with model.editing_z(put_back):
        again = model.logits(tokens, last)
    with torch.inference_mode():
        own = model.bridge(tokens)[:, -1:]
    expected = (1, tokens.shape[1], model.n_heads, model.d_head)
    if len(seen) < model.n_layers or any(shape != expected for shape in seen.values()):
        raise ModelError(
            f"The heads of {model.name!r} could not be read as (head, d_head) vectors; this kind "
            "of attention is not supported yet."
        )
    tolerance = _tolerance(model, clean)
    if _largest_difference(clean, again) > tolerance or _largest_difference(clean, own) > tolerance:
        raise ModelError(
            f"{model.name!r} failed its self-check: its heads cannot be edited exactly."
        )


def _inexact_in_float32(model: LoadedModel, tokens: Int[Tensor, "1 pos"]) -> str:
    """`_inexact` in float32; then whether in its own format the growing pass is rougher."""
    every = tuple(range(tokens.shape[1]))
    with _widened(model) as precise:
        if why := _inexact(precise, tokens[0]):
            return why
        exact = precise.logits(tokens, every)
    own = _largest_difference(model.logits(tokens, every), exact)
    grown = _largest_difference(start_clean(model, tokens[0], every).logits[None], exact)
    if grown <= max(_ROUGHER * own, _tolerance(model, exact)):
        return ""
    return f"in {model.dtype} the fast path would be less exact than the model’s own code"


@contextmanager
def _widened(model: LoadedModel) -> Iterator[LoadedModel]:
    """Within it, the model has its very weights in float32; after it they are as they were."""
    network = model.bridge.original_model
    tensors = (*network.parameters(), *network.buffers())
    narrow = [(each, each.data) for each in tensors if each.dtype is torch.bfloat16]
    try:
        for each, data in narrow:
            each.data = data.float()
        yield replace(model, dtype="float32")
    finally:
        for each, data in narrow:
            each.data = data


def _inexact(model: LoadedModel, tokens: Int[Tensor, " pos"]) -> str:
    """Why the growing pass and hooks disagree, or an empty text if they agree.

    Both are run clean, and with one head of each layer ablated.
    """
    middle = len(tokens) // 2
    rows: list[Intervention] = [()]
    for layer in range(model.n_layers):
        head = Head(layer, layer % model.n_heads)
        rows.append((Edit(head, AblationKind.ZERO),))
        rows.append((Edit(head, AblationKind.MEAN_ACROSS_HEADS, (middle,)),))
    read = tuple(sorted({max(middle - 1, 0), middle, len(tokens) - 1}))
    slow = _all_logits(replace(model, stack=None), tokens, rows, read)
    try:
        fast = _all_logits(model, tokens, rows, read)
    except Exception as error:
        if is_memory_error(error):
            raise
        said = escaped(" ".join(str(error).split())[:120])
        return f"its wiring does not fit it ({type(error).__name__}: {said})"
    if _largest_difference(slow, fast) <= _tolerance(model, slow):
        return ""
    rounding = " (in bfloat16 rounding alone can do so)" if model.dtype == "bfloat16" else ""
    return f"the fast path would give other numbers than the model’s own code{rounding}"


def _all_logits(
    model: LoadedModel,
    tokens: Int[Tensor, " pos"],
    rows: list[Intervention],
    read: tuple[int, ...],
) -> Float[Tensor, "row read vocab"]:
    logits = torch.empty(len(rows), len(read), model.d_vocab, device=model.device)
    for finished in run(model, tokens, rows, read):
        logits[list(finished.indices)] = finished.logits.to(logits)
    return logits


def _largest_difference(
    one: Float[Tensor, "*any vocab"], other: Float[Tensor, "*any vocab"]
) -> float:
    """The largest absolute difference of log probs, in nats."""
    return float((one.float().log_softmax(-1) - other.float().log_softmax(-1)).abs().max())


def _tolerance(model: LoadedModel, logits: Float[Tensor, "*any vocab"]) -> float:
    return _TOLERANCE[model.dtype] * max(10.0, float(logits.abs().max()))
