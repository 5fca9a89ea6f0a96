"""What torch does in one thread alone while that thread loads a model.

Else torch's default type is of the whole process, so that to change it for the making of a bfloat16
model has other threads make bfloat16 tensors. And while transformers reads the weights tensor by
tensor, nobody asks whether the model is still wanted.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_EVERY = 0.5
"""Seconds between two questions."""
_MAKERS = frozenset(
    {
        torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn, torch.normal,
        torch.arange, torch.range, torch.linspace, torch.logspace, torch.eye, torch.tensor,
        torch.scalar_tensor, torch.empty_strided,
    }
)  # fmt: skip
"""What makes a tensor of the default type, where its numbers are no whole ones."""


class DefaultDtype(TorchFunctionMode):
    """Within it, this thread's new tensors are of a type, where nothing else is asked for."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch's."""
        given = dict(kwargs or {})
        made = func(*args, **given)
        if func not in _MAKERS or given.get("dtype") is not None:
            return made
        return made.to(self._dtype) if made.dtype is torch.get_default_dtype() else made


class Stoppable(TorchFunctionMode):
    """Within it, `ask` is called now and then by whatever this thread does with tensors.

    What it raises is to be none of the errors that others catch.
    """

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__()
        self._ask = ask
        self._next = time.monotonic() + _EVERY

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch's."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY
            self._ask()
        return func(*args, **(kwargs or {}))
