"""The checks of shapes by beartype, each made once, and only when it is first needed.

jaxtyping asks for the check of a function whenever the function is defined: for each of a module
when it is imported, and for one inside another at every call of the outer one. Making a check
compiles a function, which costs more than most of what is tested here.
"""

import inspect
from collections.abc import Callable
from typing import Any

import beartype

_made: dict[tuple[object, ...], Callable[..., Any]] = {}


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """What `beartype.beartype` makes of a function.

    The functions that jaxtyping gives do nothing: all that counts is what they are called and the
    types of their arguments, so that equal ones share a check.
    """
    check: Callable[..., Any] | None = None

    def call(*given: Any, **named: Any) -> Any:
        nonlocal check
        if check is None:
            key = _key(function)
            if key not in _made:
                _made[key] = beartype.beartype(function)
            check = _made[key]
        return check(*given, **named)

    return call


def _key(function: Callable[..., Any]) -> tuple[object, ...]:
    code = function.__code__.co_code
    return function.__module__, function.__qualname__, code, str(inspect.signature(function))
