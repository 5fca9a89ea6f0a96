"""The shapes that signatures state, checked by beartype while tests run, and all of them.

With pytest's option `OPTION`, jaxtyping has `checked` check the functions of `PACKAGES`. It asks
for a check whenever a function is defined: for each of a module when it is imported, and for one
inside another at every call of the outer one. Making a check compiles a function, which costs more
than most of what is tested; so each is made once, and only when it is first needed.
"""

import inspect
from collections.abc import Callable
from typing import Any

import beartype
import pytest

PACKAGES = ("checkpoints", "circuits", "demo", "engine", "hypotheses", "model", "prompts", "sweep")
"""The rooms of core that have tensors."""
OPTION = "--jaxtyping-packages=" + ",".join(
    [*(f"core.{name}" for name in PACKAGES), "support.shape_checks.checked"]
)
FAMILIES = ("gpt2", "llama")
"""Heads with keys of their own, and heads that share them. The other architectures run the same
code, and their numbers are held to the plain loop."""
_SHAPED = ("Bool[", "Complex[", "Float[", "Int[", "Num[", "Shaped[")

_made: dict[tuple[object, ...], Callable[..., Any]] = {}
_called: dict[str, bool] = {}
"""Each function that states a shape, and whether it was called."""


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """What `beartype.beartype` makes of a function.

    The functions that jaxtyping gives do nothing: all that counts is what they are called and the
    types of their arguments, so that equal ones share a check.
    """
    check: Callable[..., Any] | None = None
    name = f"{function.__module__}.{function.__qualname__}"
    signature = str(inspect.signature(function))
    if any(kind in signature for kind in _SHAPED):
        _called.setdefault(name, False)

    def call(*given: Any, **named: Any) -> Any:
        nonlocal check
        if check is None:
            key = name, function.__code__.co_code, signature
            if key not in _made:
                _made[key] = beartype.beartype(function)
            check = _made[key]
            if name in _called:
                _called[name] = True
        return check(*given, **named)

    return call


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests marked "shapes", in the first case of each of `FAMILIES` with each kind."""
    kept, begun = [], set()
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        family = given.get("family")
        case = item.nodeid.partition("[")[0], family, given.get("kind")
        is_checked = item.get_closest_marker("shapes") and family in (None, *FAMILIES)
        if is_checked and case not in begun:
            kept.append(item)
        begun.add(case)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many functions state shapes, and which of them no test has called."""
    never = sorted(name for name, called in _called.items() if not called)
    terminalreporter.write_line(f"shapes checked of {len(_called) - len(never)} functions")
    for name in never:
        terminalreporter.write_line(f"never called: {name}")
