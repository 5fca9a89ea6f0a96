"""Readers of saved results, by the version of their form.

Files and databases live longer than a version of this program. A field that is added to a form
does not change its number: it goes into `BASELINE_DEFAULTS` or `EFFECT_DEFAULTS` with what its lack
in an older file means. A form that an older Headsweep would read wrongly has another number, and a
reader here for each number before it. None of this changes what a result is called
(`core.spec.identity`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from core.results.metrics import METRICS
from core.spec.identity import FAMILY, IDENTITY

VERSION = 1
"""Of the form that is written; every one up to it is read."""
SCHEMA = f"{FAMILY}/{VERSION}"

BASELINE_DEFAULTS: Mapping[str, Any] = {each.name: None for each in METRICS if each.is_later}
"""Fields of the clean run that the first files of this version lack, each with its default."""
EFFECT_DEFAULTS: Mapping[str, Any] = {each.field: None for each in METRICS if each.is_later}
"""The same of an effect: of a head, of a layer, of a head at one position."""


_DIGITS = 18


def parse_schema(values: object) -> tuple[str, int] | None:
    """The family and version that saved values name; None where they name none."""
    named = values.get("schema") if isinstance(values, Mapping) else None
    family, slash, version = named.rpartition("/") if isinstance(named, str) else ("", "", "")
    is_number = version.isascii() and version.isdecimal() and len(version) <= _DIGITS
    is_number = is_number and str(int(version)) == version  # not "01"
    return (family, int(version)) if slash and family and is_number else None


def current_form(values: object) -> dict[str, Any]:
    """A saved sweep of any version, in the form that is written now.

    A ValueError says what else the values are: another kind of result, or a newer Headsweep's.
    Values that are damaged raise what reading them raises.
    """
    named = parse_schema(values)
    if named is None or named[0] != FAMILY or named[1] < 1:
        seen = values.get("schema") if isinstance(values, Mapping) else type(values).__name__
        raise ValueError(f"This is not a {SCHEMA} result: its schema is {seen!r}.")
    if named[1] not in READERS:
        raise ValueError(
            f"It was written by a newer Headsweep ({FAMILY}/{named[1]}; this one reads {SCHEMA}): "
            "update Headsweep to open it."
        )
    assert isinstance(values, Mapping)
    return {**READERS[named[1]](values), "schema": SCHEMA}


def current_layer_effects(values: Mapping[str, Any]) -> dict[str, Any]:
    """Saved layer effects, in the form that is written now."""
    return {
        **values,
        "attention": [_effect(each) for each in values["attention"]],
        "mlp": [None if each is None else _effect(each) for each in values["mlp"]],
        "first_position": {name: _effect(e) for name, e in values["first_position"].items()},
    }


def first_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """A sweep's JSON object as the first Headsweep would write it, where it has nothing newer.

    What a file is called is a digest of this, and so stays what it was when the form changes.
    """
    return {
        **values,
        "schema": IDENTITY,
        "baseline": _without(values["baseline"], BASELINE_DEFAULTS),
        "heads": [_without(row, EFFECT_DEFAULTS) for row in values["heads"]],
    }


def _without(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Values but for those fields that came later and say no more than their lack."""
    return {
        name: value
        for name, value in values.items()
        if name not in defaults or value != defaults[name]
    }


def _effect(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**EFFECT_DEFAULTS, **values}


def _first(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **values,
        "baseline": {**BASELINE_DEFAULTS, **values["baseline"]},
        "heads": [_effect(row) for row in values["heads"]],
    }


READERS: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _first}
"""By version: from its form to the form that is written now."""
