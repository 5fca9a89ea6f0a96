"""Linear layers and the activation after them, computed by the fastest exact routine.

On an x86 processor oneDNN multiplies float32 matrices faster than the library that torch calls by
default: by a tenth, and by a factor of two for short prompts or wide vocabularies. It also applies
the activation in the same pass over memory. torch has it as an operator for its own compiler. If
that operator is missing, or for anything but float32 inference on a CPU, the modules are called.
A processor without products of bfloat16 matrices computes them in float32, and rounds the result.
"""

import platform
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from transformers.pytorch_utils import Conv1D

Layer = Callable[[Tensor], Tensor]

_TANH_GELUS = {
    "NewGELUActivation",
    "GELUTanh",
    "PytorchGELUTanh",
    "FastGELUActivation",
    "BloomGelu",
}
_NONE = ("none", "")
_LINEAR = (Conv1D, nn.Linear)


def weight_of(module: Any) -> Float[Tensor, "out in"]:
    """A linear layer's weight as (out, in), also for GPT-2's `Conv1D`, which stores (in, out)."""
    weight: Tensor = module.weight
    return weight.T if type(module) is Conv1D else weight


def product(module: Any, act: Any = None) -> Layer:
    """A function that computes `act(module(x))` for a linear layer; `act` None: `module(x)`."""
    name, plain_act = _activation(act)
    if type(module) not in _LINEAR:
        return lambda x: plain_act(module(x))

    def plain(x: Tensor) -> Tensor:
        return plain_act(_widened(x, module) if _is_emulated(x) else module(x))

    if name is None:
        return plain

    def quick(x: Tensor) -> Tensor:
        weight = weight_of(module)
        if not _is_quick(x, weight):
            return plain(x)
        return _onednn(x, weight, module.bias, *name)

    return quick


_ROWS = 2**13
"""Rows of a weight made float32 at once: the whole unembedding would need as much memory again."""


def product_in_float32(module: Any) -> Layer:
    """A function that computes `module(x)` in float32, for any dtype of x and of the weights.

    Products of two bfloat16 numbers are exact in float32, so only their sums are rounded.
    """
    quick = product(module)

    def wide(x: Tensor) -> Tensor:
        weight, bias = weight_of(module), module.bias
        if weight.dtype is torch.float32:
            return quick(x.float())
        if type(module) not in _LINEAR:  # what it does is not known
            return quick(x.to(weight.dtype)).float()
        parts = [functional.linear(x.float(), rows.float()) for rows in weight.split(_ROWS)]
        joined = torch.cat(parts, dim=-1)
        return joined if bias is None else joined + bias.float()

    return wide


def _widened(x: Tensor, module: Any) -> Tensor:
    """A bfloat16 layer's product by way of float32, rounded once at the end as its own is."""
    bias = None if module.bias is None else module.bias.float()
    return functional.linear(x.float(), weight_of(module).float(), bias).to(x.dtype)


def _is_emulated(x: Tensor) -> bool:
    """Whether torch would multiply number by number, ten times slower than in float32."""
    return x.device.type == "cpu" and x.dtype is torch.bfloat16 and not _has_bfloat16()


@cache
def _has_bfloat16() -> bool:
    """Whether this processor has products of bfloat16 matrices, as far as torch says."""
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):
        return True


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None, act: str, kind: str) -> Tensor:
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, act, [], kind)
    return result


def _is_quick(x: Tensor, weight: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype is weight.dtype is torch.float32
        and not x.requires_grad  # the operator has no gradient
        and bool(torch.backends.mkldnn.enabled)
        and _has_onednn()
    )


@cache
def _has_onednn() -> bool:
    """Whether oneDNN's operator exists and gives the right product: it is private to torch."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return False
    x, weight, bias = torch.ones(2, 3), torch.arange(12.0).view(4, 3), torch.arange(4.0)
    try:
        result = _onednn(x, weight, bias, *_NONE)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return torch.equal(result, functional.linear(x, weight, bias))


def _activation(act: Any) -> tuple[tuple[str, str] | None, Layer]:
    """The activation's name in oneDNN (None if oneDNN lacks it), and the activation itself.

    The function makes one pass over memory where transformers makes several. It overwrites its
    input, which is the output of a product that nothing else uses, unless gradients are needed.
    """
    name = type(act).__name__
    if act is None:
        return _NONE, lambda x: x
    if name in _TANH_GELUS or name == "GELUActivation":
        kind = "tanh" if name in _TANH_GELUS else "none"

        def gelu(x: Tensor) -> Tensor:
            if x.requires_grad:
                return functional.gelu(x, approximate=kind)
            result: Tensor = torch.ops.aten.gelu_(x, approximate=kind)
            return result

        return ("gelu", kind), gelu
    if name in {"SiLUActivation", "SiLU"}:
        return ("swish", ""), lambda x: functional.silu(x, inplace=not x.requires_grad)
    if name == "ReLU":
        return ("relu", ""), lambda x: functional.relu(x, inplace=not x.requires_grad)
    own: Layer = act
    return None, own
