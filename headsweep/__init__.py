"""Which attention heads does this prediction need? Ablate every head of a transformer and see.

These are the public names of `core`; nothing else is meant to be imported by other projects.

    from headsweep import SweepSpec, load_model, run_sweep

    model = load_model("demo")  # 3 layers x 4 heads, ships with Headsweep
    spec = SweepSpec(model="demo", prompt="The fox jumps. The fox", target=" jumps")
    result = run_sweep(model, spec)
    result.baseline.prob  # P(target), nothing ablated: a fraction from 0 to 1
    result.to_frame()  # pandas, one row a head; changes are ablated minus baseline

A name is imported when it is first used (PEP 562): `import headsweep` alone loads no torch.
"""

from typing import TYPE_CHECKING, Any

import core

if TYPE_CHECKING:
    from core import AblationKind as AblationKind
    from core import Head as Head
    from core import InputError as InputError
    from core import ModelError as ModelError
    from core import SweepResult as SweepResult
    from core import SweepSpec as SweepSpec
    from core import iter_sweep as iter_sweep
    from core import load_model as load_model
    from core import run_sweep as run_sweep

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
    if name not in __all__:
        raise AttributeError(f"module 'headsweep' has no attribute {name!r}")
    return getattr(core, name)


def __dir__() -> list[str]:
    return sorted(__all__)
