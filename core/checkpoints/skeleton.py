"""What a config.json describes, built without memory and held against the weights that are there.

The modules are made on torch's "meta" device, where a tensor is a shape alone. Their number is
bounded by the number of tensors in the weights, and making them can be given up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from core.checkpoints.folder import ReportProgress
from core.checkpoints.header import Weights
from core.checkpoints.memory import free_bytes
from core.errors import ModelError

_MODULES_PER_TENSOR = 20
_SOME_MODULES = 20_000
_SOME_NUMBERS = 1_000_000
_REPORT_EVERY = 1_000


@dataclass
class _Budget:
    """The modules that may still be made, and what to say while they are."""

    name: str
    most: int
    report: ReportProgress
    made: int = 0

    def spend(self) -> None:
        self.made += 1
        if self.made > self.most:
            raise ModelError(
                f"{self.name!r} could not be loaded: its config.json describes a model of more "
                f"than {self.most:,} parts, far more than its weights have. Copy or download it "
                "again."
            )
        if self.made % _REPORT_EVERY == 0:
            self.report(f"Loading {self.name}", None)


_budget: ContextVar[_Budget | None] = ContextVar("headsweep_budget", default=None)


def _on_module(module: nn.Module, name: str, submodule: nn.Module | None) -> None:
    budget = _budget.get()
    if budget is not None:
        budget.spend()


# Once, and never removed: torch goes through its hooks while other threads build modules.
torch.nn.modules.module.register_module_module_registration_hook(_on_module)


@contextmanager
def bounded_building(name: str, weights: Weights, report: ReportProgress) -> Iterator[None]:
    """Within it, this thread makes no more modules than some weights can need.

    Raises `ModelError` from where the next would be made, and whatever `report` raises.
    """
    most = _SOME_MODULES + _MODULES_PER_TENSOR * weights.n_tensors
    token = _budget.set(_Budget(name, most, report))
    try:
        yield
    finally:
        _budget.reset(token)


def model_class_of(config: Any) -> type[Any] | None:
    """The class that transformers builds of a configuration; None if it has none for text."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    found: Any = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    chosen: type[Any] | None = found[0] if isinstance(found, tuple) else found
    return chosen


def check_fits(name: str, config: Any, weights: Weights, dtype: torch.dtype, device: str) -> None:
    """Raise `ModelError` where a configuration asks for more than the weights or the memory have.

    `config` is one of transformers' own. Call it within `bounded_building`.
    """
    n_layers = getattr(config.get_text_config(), "num_hidden_layers", 0)
    if isinstance(n_layers, int) and n_layers > 2 * weights.n_layers + 8:
        raise _misfit(name, f"{n_layers:,} layers", f"{weights.n_layers:,}")
    model_class = model_class_of(config)
    if model_class is None:
        return
    with torch.device("meta"):
        skeleton = model_class(config)
    n_numbers = sum(parameter.numel() for parameter in skeleton.parameters())
    # Twice: an unembedding that is the embedding again is stored once.
    if n_numbers > 2 * weights.n_numbers + _SOME_NUMBERS:
        raise _misfit(name, f"{n_numbers:,} parameters", f"{weights.n_numbers:,}")
    needed = n_numbers * dtype.itemsize + sum(b.numel() * b.itemsize for b in skeleton.buffers())
    free = free_bytes(device)
    if free is not None and needed > free:
        raise ModelError(
            f"{name!r} does not fit into memory here: it takes {needed / 1e9:,.1f} GB, and "
            f"{free / 1e9:,.1f} GB are free. Choose a smaller model, or bfloat16."
        )


def _misfit(name: str, described: str, held: str) -> ModelError:
    return ModelError(
        f"The weights of {name!r} do not fit its config.json: it describes a model of {described}, "
        f"and they have {held}. Copy or download it again."
    )
