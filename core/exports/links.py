"""Permalinks: a spec as a few readable parameters of an address, and back.

What stands in an address is somebody else's typing: every value is checked as a form's would be,
names are looked up and never followed, and nothing is read, loaded or run here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from core.checkpoints import catalogue
from core.errors import InputError
from core.spec.heads import shortened
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec
from core.text.typed_numbers import whole_numbers

Params = Mapping[str, Sequence[str]]
"""Parameters of an address; one that is repeated has several values."""

MAX_LENGTH = 6_000
"""Characters of a whole query: servers, proxies and chats cut longer ones."""
MAX_VALUES = 100
"""Times that one parameter may be repeated."""

_NAMES = {
    "model": "model",
    "prompt": "prompt",
    "target": "target",
    "foil": "foil",
    "ablation": "ablation",
    "corrupted": "corrupted_prompt",
    "reference": "reference",
    "positions": "positions",
    "bos": "prepend_bos",
    "weights": "weights",
    "dtype": "dtype",
}
"""Parameter -> the spec's field."""
_SEVERAL = ("target", "foil", "reference")
_NEEDED = ("model", "prompt", "target")
_ALWAYS = (*_NEEDED, "ablation")
"""What every address says: which kind a Headsweep has for its default is its operator's choice, so
an address without one means `SweepSpec`'s own default, wherever it is opened."""
_RUN = re.compile(r"[0-9a-f]{12}")
_DEFAULTS = SweepSpec(model="m", prompt="p", target="t")


def as_requested(spec: SweepSpec) -> SweepSpec:
    """A resolved spec as one would ask for it: what is the default anyway is left open."""
    usual = catalogue.default_prepend_bos(spec.model)
    bos = None if spec.prepend_bos is not None and spec.prepend_bos == usual else spec.prepend_bos
    usual_set = spec.ablation.traits.has_default and spec.reference == DEFAULT
    reference = None if usual_set else spec.reference
    return replace(spec, prepend_bos=bos, reference=reference)


def to_params(spec: SweepSpec, prefix: str = "") -> dict[str, list[str]]:
    """A spec's parameters, without what is the default anywhere; each name begins with `prefix`."""
    asked, found = as_requested(spec).to_dict(), {}
    for name, field in _NAMES.items():
        value = asked[field]
        if name not in _ALWAYS and (value is None or value == getattr(_DEFAULTS, field)):
            continue
        found[f"{prefix}{name}"] = _texts(name, value)
    return found


def fits(params: Params) -> bool:
    """Whether parameters are short and few enough for an address."""
    if any(len(texts) > MAX_VALUES for texts in params.values()):
        return False
    n_characters = sum(len(name) + sum(map(len, texts)) for name, texts in params.items())
    return n_characters <= MAX_LENGTH and len(query_of(params)) <= MAX_LENGTH


def query_of(params: Params) -> str:
    """Parameters as an address has them, after the question mark."""
    return urlencode(params, doseq=True, errors="surrogatepass")


def first(params: Params, name: str) -> str | None:
    """The value of a parameter that is given once; None where it is not given."""
    return next(iter(params.get(name, ())), None)


def parameter_of(field: str) -> str:
    """The parameter that a spec's field is written as."""
    return next((name for name, known in _NAMES.items() if known == field), field)


def names(prefix: str = "") -> tuple[str, ...]:
    """The parameters that say something of a spec."""
    return tuple(f"{prefix}{name}" for name in _NAMES)


def from_params(params: Params, prefix: str = "") -> SweepSpec | None:
    """The spec that an address asks for; None where it asks for none.

    Raises `InputError` that says which parameter is wrong and how it is written.
    """
    given = {name: texts for name in _NAMES if (texts := params.get(f"{prefix}{name}"))}
    if not given:
        return None
    check_size(params)
    values: dict[str, Any] = {}
    for name, texts in given.items():
        if name not in _SEVERAL and len(texts) > 1:
            raise InputError(name, f"The address gives “{prefix}{name}” {len(texts)} times.")
        values[_NAMES[name]] = _value(name, texts)
    if missing := [name for name in _NEEDED if name not in given]:
        raise InputError(
            missing[0],
            f"The address says something of a sweep, but not its “{prefix}{missing[0]}”: copy the "
            "whole of it.",
        )
    values["model"] = catalogue.canonical(values["model"])
    return SweepSpec.from_dict(values).asked_for()


def check_size(params: Params) -> None:
    """Raise an `InputError` for an address that is longer than any that this program writes."""
    if not fits(params):
        raise InputError(
            "address",
            f"The address is longer than {MAX_LENGTH:,} characters, or repeats a parameter more "
            f"than {MAX_VALUES} times, and was not read: export the run as JSON and open that "
            "file instead.",
        )


def run_id(params: Params, name: str = "run", what: str = "run") -> str | None:
    """The kept run that an address names; raises `InputError` for what is no run's name.

    `what` is what else is kept under such a name: "prediction".
    """
    texts = params.get(name)
    if not texts:
        return None
    if len(texts) != 1 or not _RUN.fullmatch(texts[0]):
        raise InputError(
            name,
            f"The address names the {what} “{shortened(texts[0])}”: a {what}'s name is 12 digits "
            "and letters from a to f.",
        )
    return texts[0]


def _texts(name: str, value: Any) -> list[str]:
    if name == "positions" and not isinstance(value, str):
        return [",".join(map(str, value))]
    if name == "bos":
        return ["1" if value else "0"]
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _value(name: str, texts: Sequence[str]) -> Any:
    text = texts[0]
    if name in _SEVERAL:
        several = tuple(texts)
        return several if name == "reference" or len(several) > 1 else text
    if name == "bos":
        if text not in ("0", "1"):
            raise InputError("bos", f"The address has bos={shortened(text)}: write 0 or 1.")
        return text == "1"
    if name == "positions" and text not in ("all", "last"):
        numbers = whole_numbers(text)
        if numbers is None or min(numbers) < 0:
            raise InputError(
                "positions",
                f"The address has positions={shortened(text)}: write all, last, or 0,3,5.",
            )
        return numbers
    return text
