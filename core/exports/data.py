"""A run as data: JSON and CSV to the contract, and JSON read back.

The JSON is the contract's object with two keys more: what people have said about the run, and its
layer effects, so that nothing is lost on the way to another Headsweep. The CSV has the contract's
columns first, then where its numbers come from, the same on every row: tables of several runs can
be put beneath each other.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.results import locked_prediction
from core.results.layer_effects import LayerEffects
from core.results.metrics import METRICS
from core.results.result import COLUMNS, Effect, Provenance, SweepResult
from core.results.schema import MEND, SCHEMA, current_form, current_layer_effects, parse_schema
from core.spec.answer import MAX_ANSWER_CHARACTERS
from core.spec.identity import FAMILY
from core.store.run import Label, checked_label
from core.text.csv_form import csv_text
from core.text.json_form import MayLack, Nullable, Plain, check_form, json_shown, parsed_json

MAX_BYTES = 12_000_000
"""Of a file that is opened: GPT-2 XL's run has 2 MB, and parsed JSON fills far more memory."""
MAX_ANSWER_BYTES = 4 * MAX_ANSWER_CHARACTERS
"""As many tokens can an answer have at most: one a byte of UTF-8."""
MAX_NUMBER = 1e9
"""Ranks, seconds and changes in nats stay far below; what is larger only breaks figures."""
_ROUNDING = 1e-5
"""By so much may a probability be above 1: it is the exponential of a sum."""
_SHOWN = 300
_DEVICE = re.compile(r"(cpu|cuda|mps)(:\d{1,3})?")
_DTYPES = ("float32", "bfloat16", "float16", "float64")
"""Every one that a Headsweep has written, and what PyTorch calls others that it could."""
_LONGEST_VERSION = 300
_LABEL = Nullable(
    {
        "title": MayLack(Plain.TEXT),
        "notes": MayLack(Plain.TEXT),
        "tags": MayLack([Plain.TEXT]),
    }
)
ORIGIN = ("model", "model_fingerprint", "headsweep", "transformer_lens", "torch", "device", "spec")


@dataclass(frozen=True)
class ReadRun:
    """What a file says."""

    result: SweepResult
    layer_effects: LayerEffects | None
    label: Label


def to_json(result: SweepResult, layer_effects: LayerEffects | None, label: Label) -> str:
    """The contract's object, with `run` (title, notes, tags) and `margins`."""
    about = {"title": label.title, "notes": label.notes, "tags": list(label.tags)}
    values = {
        **result.to_dict(),
        "run": about,
        "margins": None if layer_effects is None else layer_effects.to_dict(),
    }
    return json.dumps(values, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def to_csv(result: SweepResult) -> str:
    """One row a head: the contract's columns, then those of `ORIGIN`; `spec` is JSON."""
    made = result.provenance
    origin = {
        "model": result.spec.model,
        "spec": result.spec.to_json(),
        **{name: getattr(made, name) for name in ORIGIN if hasattr(made, name)},
    }
    return csv_text((*COLUMNS, *ORIGIN), ({**each.to_dict(), **origin} for each in result.heads))


def read_json(name: str, raw: bytes) -> ReadRun:
    """The run in a JSON file; raises `InputError` (field "file") that says what was seen."""
    if len(raw) > MAX_BYTES:
        raise InputError(
            "file", f"{name!r} is larger than {MAX_BYTES // 1_000_000} MB: no exported run is."
        )
    values = parsed_file(name, raw)
    if (parse_schema(values) or ("",))[0] != FAMILY:
        raise InputError("file", _not_a_run(name, values))
    try:
        saved = current_form(values)
        result = SweepResult.from_current_form(saved)
        given = values.get("margins")
        layer_effects = None if given is None else current_layer_effects(given)
        kept = None if layer_effects is None else LayerEffects.from_current_form(layer_effects)
        label = read_label(values.get("run"))
        _check_written_so(saved, result)
        _check_consistent(result)
        if layer_effects is not None and kept is not None:
            _check_layer_effects(layer_effects, kept, result)
        # What cannot be written again is not kept: no half of a character is in a real run.
        json.dumps(values, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise refused_file(name, error) from error
    return ReadRun(result, kept, label)


def refused_file(name: str, error: Exception) -> InputError:
    """What to say of a file that is JSON and holds nothing that can be opened."""
    seen = _said(error).encode("utf-8", "replace").decode()
    if len(seen) > _SHOWN:
        seen = f"{seen[: _SHOWN // 2]} … {seen[-_SHOWN // 2 :]}"
    return InputError("file", f"{name!r} cannot be opened. {seen}")


def parsed_file(name: str, raw: bytes) -> Any:
    """A file's JSON; raises `InputError` (field "file")."""
    try:
        return parsed_json(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        number = error.start + 1 + len(raw) - len(error.object)  # a byte order mark is left out
        why = f"byte {number} is 0x{error.object[error.start]:02X}, which is not UTF-8"
    except ValueError as error:
        why = str(error)[:80]
    raise InputError(
        "file", f"{name!r} is not JSON ({why}): open a file that Headsweep has exported as JSON."
    )


def _said(error: Exception) -> str:
    """What is wrong with a file that is JSON, as a sentence."""
    match error:
        case UnicodeEncodeError():
            return f"It holds half of a character. {MEND}"
        case RecursionError():
            return f"It is nested too deeply. {MEND}"
    return str(error)


def _not_a_run(name: str, values: Any) -> str:
    seen = values.get("schema") if isinstance(values, dict) else None
    if isinstance(seen, str) and seen.startswith("headsweep."):
        return (
            f"{name!r} holds {seen[:40]!r}, and only sweeps ({SCHEMA}) and predictions "
            f"({locked_prediction.SCHEMA}) can be opened: export one as JSON."
        )
    return f"{name!r} is JSON, but no run of Headsweep's: open a file that it has exported as JSON."


def _check_written_so(values: dict[str, Any], result: SweepResult) -> None:
    """Raise a ValueError where a file says anything otherwise than it would be written."""
    for key, value in result.to_dict().items():
        # A spec has checked its own.
        if key != "spec" and not written_as(values[key], value):
            raise ValueError(f"Its {key!r} is not as Headsweep writes it: export the run anew.")


def written_as(given: Any, written: Any) -> bool:
    """Whether a file gives what is written now, as far as this version writes it."""
    return bool(_as_far(given, written) == written)


def _as_far(given: Any, written: Any) -> Any:
    """What a file gives, as far as this version writes it: a newer one may have added fields."""
    if isinstance(given, dict) and isinstance(written, dict):
        return {key: _as_far(given[key], written[key]) for key in given if key in written}
    if isinstance(given, list) and isinstance(written, list) and len(given) == len(written):
        return [_as_far(*pair) for pair in zip(given, written, strict=True)]
    return given


def _check_consistent(result: SweepResult) -> None:
    """Raise a ValueError for what is no finished run, or parts that cannot belong to one."""
    spec, clean = result.spec, result.baseline
    has_foil = spec.foil is not None
    if not result.complete:
        total = result.shape[0] * result.shape[1]
        raise ValueError(
            f"It has {len(result.heads)} of {total} heads: export a run that is finished."
        )
    if spec.prepend_bos is None:
        raise ValueError("It does not say whether BOS goes first: export it anew.")
    _check_tokens(result)
    _check_provenance(result.provenance)
    others = (*(prob for _, prob in clean.top), *clean.token_probs, result.provenance.seconds)
    levels = (getattr(clean, metric.name, None) for metric in METRICS)
    if not _are_numbers(clean.rank, *(each for each in levels if each is not None), *others):
        raise ValueError("Its clean run holds numbers that no model gives.")
    probs = (clean.prob, *clean.token_probs, *(prob for _, prob in clean.top))
    if not all(0 <= prob <= 1 + _ROUNDING for prob in probs) or not clean.top or clean.rank < 1:
        raise ValueError("Its clean run holds numbers that no model gives.")
    if clean.entropy is not None and clean.entropy < -_ROUNDING:
        raise ValueError("Its clean run holds numbers that no model gives.")
    if (clean.logit_diff is not None) != has_foil:
        raise ValueError("Its logit difference does not fit its foil.")
    _check_effects(result.heads, has_foil)
    for metric in METRICS:
        level = getattr(clean, metric.name, None)
        if metric.value(result.heads[0]) is not None and not metric.measures(result):
            raise ValueError(f"Its heads have {metric.field} and its clean run no {metric.name}.")
        if metric.is_later and level is not None and metric.value(result.heads[0]) is None:
            raise ValueError(f"Its clean run has {metric.name} and its heads no {metric.field}.")


def _check_tokens(result: SweepResult) -> None:
    """Raise a ValueError where probabilities and positions do not fit the tokens there are."""
    spec, positions = result.spec, result.spec.positions
    n_probs = 1 if isinstance(spec.target, tuple) else len(result.target_tokens)
    foil = () if isinstance(spec.foil, tuple) else result.foil_tokens[:-1]
    n_positions = max(len(result.sequence), len(result.tokens) + len(foil))
    answers = ((spec.target, result.target_tokens), (spec.foil, result.foil_tokens))
    if not (
        len(result.baseline.token_probs) in (0, n_probs)  # 0: it was not measured
        and all(isinstance(text, tuple) or len(own) <= MAX_ANSWER_BYTES for text, own in answers)
        and (isinstance(positions, str) or positions[-1] < n_positions)
    ):
        raise ValueError("Its tokens do not fit its spec.")


def _check_provenance(made: Provenance) -> None:
    """Raise a ValueError for a machine that no Headsweep has run on."""
    if not _DEVICE.fullmatch(made.device):
        raise ValueError(f"Its device is {json_shown(made.device)}, not cpu, cuda or mps. {MEND}")
    if made.dtype not in _DTYPES:
        raise ValueError(
            f"Its dtype is {json_shown(made.dtype)}, not {' or '.join(_DTYPES)}. {MEND}"
        )
    for name in ("headsweep", "transformer_lens", "torch", "model_fingerprint"):
        n_characters = len(getattr(made, name))
        if n_characters > _LONGEST_VERSION:
            raise ValueError(f"Its {name} has {n_characters:,} characters. {MEND}")


def _check_layer_effects(values: Any, layer_effects: LayerEffects, result: SweepResult) -> None:
    n_layers = result.shape[0]
    heads = layer_effects.first_position
    if not len(layer_effects.attention) == len(layer_effects.mlp) == n_layers or not all(
        head.within(result.shape) for head in heads
    ):
        raise ValueError(f"Its layer effects are not those of {n_layers} layers.")
    mlps = [each for each in layer_effects.mlp if each is not None]
    _check_effects((*layer_effects.attention, *mlps, *heads.values()), result.spec.foil is not None)
    written = json.loads(json.dumps(layer_effects.to_dict()))
    if not written_as(values, written):
        raise ValueError("Its layer effects are not as Headsweep writes them: export the run anew.")


def _check_effects(effects: Sequence[Effect], has_foil: bool) -> None:
    for metric in METRICS:
        n_given = sum(metric.value(effect) is not None for effect in effects)
        if metric.needs_foil and n_given != (len(effects) if has_foil else 0):
            raise ValueError("Its logit differences do not fit its foil.")
        if n_given not in (0, len(effects)):
            raise ValueError(f"Some of its effects have {metric.field} and some do not.")
    for effect in effects:
        values = (getattr(effect, metric.field) for metric in METRICS)
        numbers = (
            *(each for each in values if each is not None),
            *(prob for _, prob in effect.top),
        )
        if (
            not _are_numbers(effect.prob, effect.rank, *numbers)
            or not 0 <= effect.prob <= 1 + _ROUNDING
            or not abs(effect.prob_change) <= 1 + _ROUNDING
            or not all(0 <= prob <= 1 + _ROUNDING for _, prob in effect.top)
            or not effect.top
            or effect.rank < 1
            or any((m.value(effect) or 0) < 0 for m in METRICS if not m.signed)
        ):
            raise ValueError("An effect in it holds numbers that no model gives.")


def _are_numbers(*values: object) -> bool:
    return all(
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= MAX_NUMBER  # false for NaN
        for value in values
    )


def read_label(values: Any) -> Label:
    """What people have said about a run; nothing in the command line's JSON."""
    try:
        check_form(values, _LABEL, "run")
    except ValueError as error:
        raise ValueError(f"Its title, notes or tags are no texts: {error}. {MEND}") from None
    about = {"title": "", "notes": "", "tags": [], **(values or {})}
    return checked_label(about["title"], about["notes"], about["tags"])
