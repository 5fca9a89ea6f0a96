"""Plain JSON values: what they are called, how a message shows them, and whether they have a form.

What a person gave is named in words of JSON, which whoever opens a file can find in it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
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
    return f"of the type {type(value).__name__}"


def json_shown(value: object) -> str:
    """A value as a message quotes it, on one line and shortened."""
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            text = json_kind(value)
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
    a list with one form (a list of any length of it), or a tuple of forms (a list of just these).
    `where` is what to call the value itself; empty for a whole file.
    """
    match form:
        case Nullable():
            if value is not None:
                check_form(value, form.form, where)
        case MayLack():
            check_form(value, form.form, where)
        case Plain():
            if not _is_plain(value, form):
                raise _other(value, form.value, where)
        case Named():
            for name, part in _names(value, where).items():
                check_form(part, form.form, _part(where, name))
        case Mapping():
            _check_names(_names(value, where), form, where)
        case list():
            for index, part in enumerate(_items(value, where)):
                check_form(part, form[0], f"{where}[{index}]")
        case tuple():
            parts = _items(value, where)
            if len(parts) != len(form):
                values = f"{len(parts):,} value{'' if len(parts) == 1 else 's'}"
                raise ValueError(f"{where or 'it'} has {values}, not {len(form)}")
            for index, (part, own) in enumerate(zip(parts, form, strict=True)):
                check_form(part, own, f"{where}[{index}]")


def _check_names(value: Mapping[str, Any], form: Mapping[str, Any], where: str) -> None:
    for name, own in form.items():
        if name in value:
            check_form(value[name], own, _part(where, name))
        elif not isinstance(own, MayLack):
            raise ValueError(f"{where or 'it'} has no {name!r}")


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


def _names(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _other(value, "an object", where)
    return value


def _items(value: object, where: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _other(value, "a list", where)
    return value


def _other(value: object, called: str, where: str) -> ValueError:
    seen = json_kind(value)
    if seen == Plain.NUMBER.value:
        seen = json_shown(value)  # it is the wrong one: too large, or not whole
        called = "a finite number" if called == Plain.NUMBER.value else called
    return ValueError(f"{where or 'it'} is {seen}, not {called}")


def _quoted(name: str) -> str:
    return json.dumps(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")


def _part(where: str, name: str) -> str:
    named = name if name.isidentifier() and len(name) <= _SHOWN else f"[{_quoted(name)}]"
    return f"{where}.{named}" if where and named == name else f"{where}{named}"
