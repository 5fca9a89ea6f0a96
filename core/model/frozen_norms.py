"""Norms with a frozen scale: they are linear, so the parts of their input add up after them."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from core.errors import ModelError
from core.model.pieces import identity

Linear = Callable[[Tensor], Tensor]


def frozen(norm: Any, at: Float[Tensor, "*any d_model"]) -> Linear:
    """The linear map that `norm` is when its scale is frozen at that of `at`, without its bias.

    frozen(norm, x)(x) plus the bias is norm(x). `norm` is a LayerNorm, which centres, or an
    RMSNorm, which does not; for None the map is the identity. Raises `ModelError` for another norm.
    """
    if norm is None or norm is identity:
        return lambda part: part
    linear = unscaled(norm)
    if isinstance(norm, nn.LayerNorm):
        scale = _inverse(at - at.mean(-1, keepdim=True), norm.eps)
    else:
        eps = norm.variance_epsilon if hasattr(norm, "variance_epsilon") else norm.eps
        scale = _inverse(at, eps)
    return lambda part: linear(part) * scale


def unscaled(norm: Any) -> Linear:
    """A norm without its scale and bias: the linear part that folding puts into the next weights.

    Raises `ModelError` for a norm that is neither a LayerNorm nor an RMSNorm.
    """
    if norm is None or norm is identity:
        return lambda part: part
    if isinstance(norm, nn.LayerNorm):
        weight = norm.weight
        return lambda part: (part - part.mean(-1, keepdim=True)) * weight
    if type(norm).__name__.endswith("RMSNorm"):
        gain = _gain(norm)
        return lambda part: part * gain
    raise ModelError(f"What a {type(norm).__name__} does to a part of the stream is not known.")


def bias_of(norm: Any) -> Float[Tensor, " d_model"] | None:
    """The bias of a norm; None if it has none."""
    bias: Tensor | None = getattr(norm, "bias", None)
    return bias


def _inverse(x: Float[Tensor, "*any d_model"], eps: float) -> Float[Tensor, "*any 1"]:
    return (x.float().square().mean(-1, keepdim=True) + eps).rsqrt().to(x.dtype)


def _gain(norm: Any) -> Float[Tensor, " d_model"]:
    """An RMSNorm's gain, for families that store the gain and those that store gain - 1."""
    gain: Tensor = norm(torch.full_like(norm.weight, 1e3)[None])[0]
    return gain
