"""Headsweep's science and engine, usable from Python and the terminal; no streamlit, no plotly.

Names are imported when they are first used (PEP 562), so that `import core` is fast and specs and
results do not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.checkpoints.loading import load_model as load_model
    from core.errors import InputError as InputError
    from core.errors import ModelError as ModelError
    from core.results.result import SweepResult as SweepResult
    from core.spec.ablation import AblationKind as AblationKind
    from core.spec.heads import Head as Head
    from core.spec.spec import SweepSpec as SweepSpec
    from core.sweep.sweep import iter_sweep as iter_sweep
    from core.sweep.sweep import run_sweep as run_sweep

_HOMES = {
    "AblationKind": "core.spec.ablation",
    "Head": "core.spec.heads",
    "InputError": "core.errors",
    "ModelError": "core.errors",
    "SweepResult": "core.results.result",
    "SweepSpec": "core.spec.spec",
    "iter_sweep": "core.sweep.sweep",
    "load_model": "core.checkpoints.loading",
    "run_sweep": "core.sweep.sweep",
}

__all__ = [
    "AblationKind",
    "Head",
    "InputError",
    "ModelError",
    "SweepResult",
    "SweepSpec",
    "iter_sweep",
    "load_model",
    "run_sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
