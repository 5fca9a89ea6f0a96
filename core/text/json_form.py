"""Plain JSON values: what they are called, how a message shows them, and whether they have a form.

What a person gave is named in words of JSON, which whoever opens a file can find in it.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import repeat
from typing import Any

_SHOWN = 60


class Plain(Enum):
    """A form without parts; each is called what `json_kind` calls its values."""

    TEXT = "text"
    NUMBER = "a number"
    """A finite one."""
    WHOLE = "a whole number"
    FLAG = "true or false"


@dataclass(frozen=True)
class Nullable:
    """A form, or null."""

    form: Any


@dataclass(frozen=True)
class MayLack:
    """The form of a part that an object need not have."""

    form: Any


@dataclass(frozen=True)
class Named:
    """An object with any names, all of whose values have one form."""

    form: Any


@dataclass(frozen=True)
class AtMost:
    """A list of values of one form that is no longer than `most`."""

    most: int
    form: Any


def json_kind(value: object) -> str:
    """What a value is called in JSON, such as "a list"; any other's Python type."""
    match value:
        case None:
            return "null"
        case bool():
            return Plain.FLAG.value
        case int() | float():
            return Plain.NUMBER.value
        case str():
            return Plain.TEXT.value
        case list() | tuple():
            return "a list"
        case Mapping():
            return "an object"
    return f"a value of the type {type(value).__name__}"


def json_shown(value: object) -> str:
    """A value as a message quotes it, on one line and shortened."""
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            text = repr(value)  # given in Python
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def parsed_json(text: str) -> Any:
    """What a text says as JSON; a ValueError says where it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise  # with line and column
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:  # of int(), which reads no number with thousands of digits
        raise ValueError("a number in it has thousands of digits") from None


def check_form(value: object, form: Any, where: str) -> None:
    """Raise a ValueError for a value of another form: a clause that says where in it that is.

    A form is a `Plain`, a `Nullable`, a `Named`, a mapping (an object with at least these names),
    a list with one form (a list of any length of it), an `AtMost`, or a tuple of forms (a list of
    just these).
    `where` is what to call the value itself; empty for a whole file.
    """
    try:
        _check(value, form)
    except _MisfitError as misfit:
        for step in reversed(misfit.path):
            where = f"{where}[{step}]" if isinstance(step, int) else _part(where, step)
        raise ValueError(f"{where or 'it'} {misfit}") from None


class _MisfitError(Exception):
    """What is wrong with a part. Each object and list that it is in adds its step to the path:
    no path is written out for the millions of parts that are right.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.path: list[str | int] = []


def _check(value: object, form: Any) -> None:
    match form:
        case Plain():
            if not _is_plain(value, form):
                raise _other(value, form.value)
        case Nullable():
            if value is not None:
                _check(value, form.form)
        case MayLack():
            _check(value, form.form)
        case list():
            _check_items(_items(value), repeat(form[0]))
        case AtMost():
            if len(_items(value)) > form.most:
                raise _MisfitError(f"has {len(_items(value)):,} values, at most {form.most:,}")
            _check_items(_items(value), repeat(form.form))
        case tuple():
            parts = _items(value)
            if len(parts) != len(form):
                values = f"{len(parts):,} value{'' if len(parts) == 1 else 's'}"
                raise _MisfitError(f"has {values}, not {len(form)}")
            _check_items(parts, form)
        case Named():
            names = _names(value)
            _check_names(names, dict.fromkeys(names, form.form))
        case Mapping():
            _check_names(_names(value), form)


def _check_items(parts: Sequence[Any], forms: Iterable[Any]) -> None:
    for index, (part, own) in enumerate(zip(parts, forms, strict=False)):
        try:
            _check(part, own)
        except _MisfitError as misfit:
            misfit.path.append(index)
            raise


def _check_names(value: Mapping[str, Any], form: Mapping[str, Any]) -> None:
    for name, own in form.items():
        if name in value:
            try:
                _check(value[name], own)
            except _MisfitError as misfit:
                misfit.path.append(name)
                raise
        elif not isinstance(own, MayLack):
            raise _MisfitError(f"has no {name!r}")


def _is_plain(value: object, form: Plain) -> bool:
    match form:
        case Plain.TEXT:
            return isinstance(value, str)
        case Plain.FLAG:
            return isinstance(value, bool)
        case Plain.NUMBER:
            return _finite(value) is not None
        case Plain.WHOLE:
            if isinstance(value, int):
                return not isinstance(value, bool)
            number = _finite(value)
            return number is not None and number.is_integer()


def _finite(value: object) -> float | None:
    """A value as a finite number, if it is one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _names(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _other(value, "an object")
    return value


def _items(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _other(value, "a list")
    return value


def _other(value: object, called: str) -> _MisfitError:
    seen = json_kind(value)
    if seen == Plain.NUMBER.value:
        seen = json_shown(value)  # it is the wrong one: too large, or not whole
        called = "a finite number" if called == Plain.NUMBER.value else called
    return _MisfitError(f"is {seen}, not {called}")


def _quoted(name: str) -> str:
    return json.dumps(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")


def _part(where: str, name: str) -> str:
    named = name if name.isidentifier() and len(name) <= _SHOWN else f"[{_quoted(name)}]"
    return f"{where}.{named}" if where and named == name else f"{where}{named}"
