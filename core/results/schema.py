"""Readers of saved results, by the version of their form.

Files and databases live longer than a version of this program. A field that is added to a form
does not change its number: it goes into `BASELINE_DEFAULTS` or `EFFECT_DEFAULTS` with what its lack
in an older file means. A form that an older Headsweep would read wrongly has another number, and a
reader here for each number before it. None of this changes what a result is called
(`core.spec.identity`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from core.results.effects import LEVELS
from core.results.metrics import METRICS
from core.spec.identity import FAMILY, IDENTITY
from core.text.json_form import (
    AtMost,
    MayLack,
    Named,
    Nullable,
    Plain,
    check_form,
    json_kind,
    json_shown,
)

VERSION = 1
"""Of the form that is written; every one up to it is read."""
SCHEMA = f"{FAMILY}/{VERSION}"
MEND = "Export the run anew."
"""What to do about a file that is damaged."""


class DamagedError(ValueError):
    """A saved result that cannot be read.

    `where` is the clause that says where it is damaged and how: in a row of a database something
    else can be done about it than in a file, which the message is about.
    """

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} damaged: {where}. {MEND}")
        self.where = where


BASELINE_DEFAULTS: Mapping[str, Any] = {
    each.name: None for each in METRICS if each.is_later and each.name in LEVELS
}
"""Fields of the clean run that the first files of this version lack, each with its default."""
EFFECT_DEFAULTS: Mapping[str, Any] = {each.field: None for each in METRICS if each.is_later}
"""The same of an effect: of a head, of a layer, of a head at one position."""

_NUMBER_OR_NULL = Nullable(Plain.NUMBER)
MAX_TOP = 100
"""Likeliest tokens of a run, a head or a layer: ten are written, and pages draw a row for each."""
_TOP = AtMost(MAX_TOP, (Plain.TEXT, Plain.NUMBER))
_EFFECT: Mapping[str, Any] = {
    "prob": Plain.NUMBER,
    **{
        each.field: _NUMBER_OR_NULL if each.is_later or each.needs_foil else Plain.NUMBER
        for each in METRICS
    },
    "rank": Plain.WHOLE,
    "top": _TOP,
}
_LAYER_EFFECTS: Mapping[str, Any] = {
    "attention": [_EFFECT],
    "mlp": [Nullable(_EFFECT)],
    "first_position": Named(_EFFECT),
}
_BASELINE: Mapping[str, Any] = {
    **dict.fromkeys(("prob", "logprob"), Plain.NUMBER),
    **dict.fromkeys(("logit_diff", *BASELINE_DEFAULTS), _NUMBER_OR_NULL),
    "rank": Plain.WHOLE,
    "top": _TOP,
    "token_probs": [Plain.NUMBER],
}
_SWEEP: Mapping[str, Any] = {
    "spec": {},  # it checks its own
    "shape": (Plain.WHOLE, Plain.WHOLE),
    **{name: [Plain.TEXT] for name in ("tokens", "target_tokens", "foil_tokens")},
    "special": [Plain.FLAG],
    "parts_at": MayLack(Nullable(Plain.WHOLE)),
    "baseline": _BASELINE,
    "heads": [{"layer": Plain.WHOLE, "head": Plain.WHOLE, **_EFFECT}],
    "provenance": {
        **dict.fromkeys(("headsweep", "transformer_lens", "torch"), Plain.TEXT),
        **dict.fromkeys(("model_fingerprint", "device", "dtype"), Plain.TEXT),
        "seconds": Plain.NUMBER,
        "slower_because": MayLack(Nullable(Plain.TEXT)),
        "float32_distance": MayLack(Nullable(Plain.NUMBER)),
        "reference_longest": MayLack(Nullable(Plain.WHOLE)),
    },
}
"""The form that is written now, with every default filled in."""

_DIGITS = 18


def parse_schema(values: object) -> tuple[str, int] | None:
    """The family and version that saved values name; None where they name none."""
    named = values.get("schema") if isinstance(values, Mapping) else None
    family, slash, version = named.rpartition("/") if isinstance(named, str) else ("", "", "")
    is_number = version.isascii() and version.isdecimal() and len(version) <= _DIGITS
    is_number = is_number and str(int(version)) == version  # not "01"
    return (family, int(version)) if slash and family and is_number else None


def read_version(
    values: object,
    schema: str,
    readers: Mapping[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]],
    what: str,
) -> Mapping[str, Any]:
    """Saved values of any version of a schema, read by its own of the `readers`.

    A ValueError says that they are not `what` they should be, or a newer Headsweep's.
    """
    named, family = parse_schema(values), schema.rpartition("/")[0]
    if named is None or named[0] != family or named[1] < 1:
        seen = (
            f"its schema is {json_shown(values.get('schema'))}"
            if isinstance(values, Mapping)
            else f"it is {json_kind(values)}"
        )
        raise ValueError(f"This is not a {what}: {seen}.")
    if named[1] not in readers:
        raise ValueError(
            f"It was written by a newer Headsweep ({family}/{named[1]}; this one reads {schema}): "
            "update Headsweep to open it."
        )
    assert isinstance(values, Mapping)
    return readers[named[1]](values)


def current_form(values: object) -> dict[str, Any]:
    """A saved sweep of any version, in the form that is written now.

    A ValueError says what else the values are: another kind of result, a newer Headsweep's, or
    a damaged one's, and then where the damage is.
    """
    found = read_version(values, SCHEMA, READERS, f"{SCHEMA} result")
    try:
        check_form(found, _SWEEP, "")
    except ValueError as error:
        raise DamagedError(f"This {SCHEMA} result is", str(error)) from None
    return {**found, "schema": SCHEMA}


def current_layer_effects(values: object) -> dict[str, Any]:
    """Saved layer effects, in the form that is written now; a ValueError says what is damaged."""
    found = _with(values, "attention", _all_filled, EFFECT_DEFAULTS)
    found = _with(found, "mlp", _all_filled, EFFECT_DEFAULTS)
    found = _with(found, "first_position", _all_filled, EFFECT_DEFAULTS)
    try:
        check_form(found, _LAYER_EFFECTS, "margins")
    except ValueError as error:
        raise DamagedError("These layer effects are", str(error)) from None
    assert isinstance(found, dict)
    return found


def current_baseline(values: object) -> Mapping[str, Any]:
    """A saved clean run that stands by itself, in the form that is written now."""
    return _part(values, BASELINE_DEFAULTS, _BASELINE, "baseline")


def current_effect(values: object) -> Mapping[str, Any]:
    """The same of an effect; a ValueError says, as a clause, what is damaged."""
    return _part(values, EFFECT_DEFAULTS, _EFFECT, "effect")


def _part(
    values: object, defaults: Mapping[str, Any], form: Mapping[str, Any], called: str
) -> Mapping[str, Any]:
    found = _filled(values, defaults)
    check_form(found, form, called)
    assert isinstance(found, Mapping)
    return found


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


def _with(
    values: Any,
    name: str,
    fill: Callable[[Any, Mapping[str, Any]], Any],
    defaults: Mapping[str, Any],
) -> Any:
    """An object with one part filled; what is no object, or lacks it, is left for `check_form`."""
    there = isinstance(values, Mapping) and name in values
    return {**values, name: fill(values[name], defaults)} if there else values


def _filled(values: Any, defaults: Mapping[str, Any]) -> Any:
    """An object with what an older file lacks."""
    return {**defaults, **values} if isinstance(values, Mapping) else values


def _all_filled(values: Any, defaults: Mapping[str, Any]) -> Any:
    """The same of each in a list or an object."""
    match values:
        case list():
            return [_filled(each, defaults) for each in values]
        case Mapping():
            return {name: _filled(each, defaults) for name, each in values.items()}
    return values


def _first(values: Mapping[str, Any]) -> dict[str, Any]:
    found = _with(values, "baseline", _filled, BASELINE_DEFAULTS)
    return dict(_with(found, "heads", _all_filled, EFFECT_DEFAULTS))


READERS: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _first}
"""By version: from its form to the form that is written now. None of them raises: what is damaged
is left as it is, and named by `check_form` thereafter."""
