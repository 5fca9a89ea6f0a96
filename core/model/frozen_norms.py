"""Norms with their scale held still: linear, so that what single parts write adds up after them."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.errors import ModelError
from core.model.pieces import same

Linear = Callable[[Tensor], Tensor]


def frozen(norm: Any, at: Float[Tensor, "*any d_model"]) -> Linear:
    """What `norm` does to a part of `at`, its scale that of `at`: without the norm's own bias.

    frozen(norm, x)(x) plus the bias is norm(x), and it is linear, so the parts of x add up. `norm`
    is a LayerNorm, which centres, or an RMSNorm, which does not; None leaves everything as it is.
    """
    if norm is None or norm is same:
        return lambda part: part
    linear = unscaled(norm)
    if isinstance(norm, nn.LayerNorm):
        scale = _inverse(at - at.mean(-1, keepdim=True), norm.eps)
    else:
        eps = norm.variance_epsilon if hasattr(norm, "variance_epsilon") else norm.eps
        scale = _inverse(at, eps)
    return lambda part: linear(part) * scale


def unscaled(norm: Any) -> Linear:
    """A norm without its scale and bias: what folding it into the next weights leaves of it."""
    if norm is None or norm is same:
        return lambda part: part
    if isinstance(norm, nn.LayerNorm):
        weight = norm.weight
        return lambda part: (part - part.mean(-1, keepdim=True)) * weight
    if type(norm).__name__.endswith("RMSNorm"):
        gain = _gain(norm)
        return lambda part: part * gain
    raise ModelError(f"What a {type(norm).__name__} does to a part of the stream is not known.")


def bias_of(norm: Any) -> Float[Tensor, " d_model"] | None:
    """What a norm adds whatever goes in; None for nothing."""
    bias: Tensor | None = getattr(norm, "bias", None)
    return bias


def _inverse(x: Float[Tensor, "*any d_model"], eps: float) -> Float[Tensor, "*any 1"]:
    return (x.float().square().mean(-1, keepdim=True) + eps).rsqrt().to(x.dtype)


def _gain(norm: Any) -> Float[Tensor, " d_model"]:
    """An RMSNorm's gain, whether it keeps it as such or as what is added to 1."""
    gain: Tensor = norm(torch.full_like(norm.weight, 1e3)[None])[0]
    return gain
