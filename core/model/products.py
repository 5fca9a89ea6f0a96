"""Products with a module's weights, and the activation after them, by the quickest exact routine.

On an x86 processor oneDNN multiplies float32 faster than the library that torch calls by default
(by a tenth, and twice as fast where the prompt is short or the vocabulary wide), and applies the
activation while the result is at hand. torch has it as an operator for its own compiler; where
that is missing, or anything but plain float32 inference is asked for, the modules are called.
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


def weight_of(module: Any) -> Float[Tensor, "out in"]:
    """A linear layer's weight, whichever way round it is kept."""
    weight: Tensor = module.weight
    return weight.T if type(module) is Conv1D else weight


def product(module: Any, act: Any = None) -> Layer:
    """`act(module(x))`, where `module` is a linear layer; `act` None: the product alone."""
    name, plain_act = _activation(act)

    def plain(x: Tensor) -> Tensor:
        return plain_act(module(x))

    if name is None or type(module) not in {Conv1D, nn.Linear}:
        return plain

    def quick(x: Tensor) -> Tensor:
        weight = weight_of(module)
        if not _is_quick(x, weight):
            return plain(x)
        return _onednn(x, weight, module.bias, *name)

    return quick


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None, act: str, kind: str) -> Tensor:
    found: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, act, [], kind)
    return found


def _is_quick(x: Tensor, weight: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype is weight.dtype is torch.float32
        and not x.requires_grad  # it has no gradient
        and bool(torch.backends.mkldnn.enabled)
        and _has_onednn()
    )


@cache
def _has_onednn() -> bool:
    """Whether oneDNN's product can be called, and is the product (it is not ours to rely on)."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return False
    x, weight, bias = torch.ones(2, 3), torch.arange(12.0).view(4, 3), torch.arange(4.0)
    try:
        found = _onednn(x, weight, bias, *_NONE)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return torch.equal(found, functional.linear(x, weight, bias))


def _activation(act: Any) -> tuple[tuple[str, str] | None, Layer]:
    """The activation's name in oneDNN (None if it has none there), and the activation itself.

    The latter in one pass over memory, where transformers writes it in several. What it is given
    is a product's own output, which nobody else holds: it is overwritten, unless a gradient has to
    find it.
    """
    name = type(act).__name__
    if act is None:
        return _NONE, lambda x: x
    if name in _TANH_GELUS or name == "GELUActivation":
        kind = "tanh" if name in _TANH_GELUS else "none"

        def gelu(x: Tensor) -> Tensor:
            if x.requires_grad:
                return functional.gelu(x, approximate=kind)
            found: Tensor = torch.ops.aten.gelu_(x, approximate=kind)
            return found

        return ("gelu", kind), gelu
    if name in {"SiLUActivation", "SiLU"}:
        return ("swish", ""), lambda x: functional.silu(x, inplace=not x.requires_grad)
    if name == "ReLU":
        return ("relu", ""), lambda x: functional.relu(x, inplace=not x.requires_grad)
    own: Layer = act
    return None, own
