"""`SweepSpec`: everything that determines the numbers of a head sweep, and nothing else.

It is the cache key, what a saved result carries, and what the command line and the page fill in.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args, no_type_check

from core.errors import InputError
from core.spec.ablation import AblationKind, Needs, needing
from core.spec.answer import Answer, check_number, checked_answer, quoted_answer
from core.spec.checks import beginning_of, check_one_of, check_prompt, check_text
from core.spec.reference_set import DEFAULT, checked, name_of
from core.text.json_form import json_kind, json_shown, parsed_json

Weights = Literal["processed", "raw"]
Dtype = Literal["float32", "bfloat16"]
Positions = Literal["all", "last"] | tuple[int, ...]

MAX_MODEL_CHARACTERS = 1_000

_SHOWN_POSITIONS = 8


@no_type_check  # values come from forms and files as plain types; __post_init__ checks them
@dataclass(frozen=True)
class SweepSpec:
    """One head sweep: which model, which prediction, and what each head is replaced by.

    `target` and `foil` are a string (one token or several, teacher-forced) or a tuple of
    single-token strings whose probabilities are added. `corrupted_prompt` belongs to resample
    ablation, which needs it; `reference`, the texts to average over, to mean ablation (None: the
    default set) and to mean-positional, which needs it. `positions` counts BOS as 0.
    `prepend_bos=None` leaves the choice to the model's catalogue entry. A result always records
    the resolved values. Raises `InputError`, with the field at fault, for values that no model
    could use; what depends on a tokenizer is checked by `core.sweep.prepare` with
    `core.prompts.tokens` and `core.prompts.corruption`.
    """

    model: str
    prompt: str
    target: Answer
    foil: Answer | None = None
    ablation: AblationKind = AblationKind.MEAN_ACROSS_HEADS
    corrupted_prompt: str | None = None
    reference: tuple[str, ...] | None = None
    positions: Positions = "all"
    prepend_bos: bool | None = None
    weights: Weights = "processed"
    dtype: Dtype = "float32"

    def __post_init__(self) -> None:
        check_text("model", self.model, MAX_MODEL_CHARACTERS)
        if not self.model.strip():
            raise InputError("model", "The model is blank: name one, such as demo or gpt2.")
        check_prompt("prompt", self.prompt, "The prompt")
        object.__setattr__(self, "target", checked_answer("target", self.target))
        # An empty foil box means that there is no foil.
        foil = None if self.foil in (None, "", ()) else checked_answer("foil", self.foil)
        object.__setattr__(self, "foil", foil)
        if foil is not None and foil == self.target:
            raise InputError(
                "foil",
                f"The foil is the same as the target ({quoted_answer(foil)}), so their difference "
                "is always 0. Choose another token, or leave the foil empty.",
            )
        object.__setattr__(self, "ablation", _ablation(self.ablation))
        corrupted = _corrupted_prompt(self.corrupted_prompt, self.ablation)
        object.__setattr__(self, "corrupted_prompt", corrupted)
        object.__setattr__(self, "reference", _reference(self.reference, self.ablation))
        object.__setattr__(self, "positions", _positions(self.positions))
        if self.prepend_bos is not None and not isinstance(self.prepend_bos, bool):
            raise InputError(
                "prepend_bos",
                f"prepend_bos is {json_shown(self.prepend_bos)}: use true, false or null.",
            )
        check_one_of("weights", self.weights, get_args(Weights))
        check_one_of("dtype", self.dtype, get_args(Dtype))

    def asked_for(self) -> "SweepSpec":
        """The spec itself, where somebody may ask for it now; raises `InputError`.

        What was swept once may have larger sets of answers: it opens for ever.
        """
        check_number("target", self.target)
        check_number("foil", self.foil)
        return self

    def resolved(self, *, prepend_bos: bool) -> "SweepSpec":
        """The same spec with what was left open filled in: BOS, and the reference set's texts."""
        default = self.ablation.traits.has_default and self.reference is None
        reference = DEFAULT if default else self.reference
        return replace(self, prepend_bos=prepend_bos, reference=reference)

    def in_words(self) -> str:
        """The ablation and where it is done, in plain English: "zero ablation, every position"."""
        return f"{_ablation_in_words(self)}, {self.where_in_words()}"

    def where_in_words(self) -> str:
        """Where the ablation is done: "every position"."""
        return _positions_in_words(self.positions)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, one key a field."""
        values = asdict(self)
        values["ablation"] = self.ablation.value
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }

    def to_json(self) -> str:
        """A canonical JSON text: equal specs give equal texts."""
        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SweepSpec":
        """Validate plain JSON types into a spec; unknown or missing keys are an `InputError`."""
        if not isinstance(values, Mapping):
            raise InputError("spec", f"A spec is a JSON object, not {json_kind(values)}.")
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(unknown[0], f"A spec has no field {unknown[0]!r}: leave it out.")
        if missing := sorted({"model", "prompt", "target"} - set(values)):
            raise InputError(missing[0], f"The spec lacks the field {missing[0]!r}: add it.")
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**given)

    @classmethod
    def from_json(cls, text: str) -> "SweepSpec":
        """The inverse of `to_json`."""
        return cls.from_dict(parsed_json(text))


def _ablation(value: Any) -> AblationKind:
    try:
        return AblationKind(value)
    except ValueError:
        kinds = ", ".join(kind.value for kind in AblationKind)
        raise InputError(
            "ablation", f"{json_shown(value)} is not a kind of ablation: choose one of {kinds}."
        ) from None


def _corrupted_prompt(value: object, kind: AblationKind) -> str | None:
    if value is None or value == "":  # an empty box means that there is none
        if kind.traits.needs is Needs.CORRUPTED_PROMPT:
            raise InputError(
                "corrupted_prompt",
                f"{kind.value.capitalize()} ablation needs a corrupted prompt: a second prompt "
                "with as many tokens, in which what the answer depends on is changed. Type one, or "
                "choose another kind of ablation.",
            )
        return None
    _check_used("A corrupted prompt", Needs.CORRUPTED_PROMPT, kind)
    check_prompt("corrupted_prompt", value, "The corrupted prompt")
    return str(value)


def _reference(value: object, kind: AblationKind) -> tuple[str, ...] | None:
    needed = kind.traits.needs is Needs.REFERENCE
    if value is None:
        if needed and not kind.traits.has_default:
            raise InputError(
                "reference",
                f"{kind.value.capitalize()} ablation needs a reference set: texts to average over, "
                "each with as many tokens as the prompt, most often the prompt with its names or "
                "words changed. Give some, or choose another kind of ablation.",
            )
        return None
    _check_used("A reference set", Needs.REFERENCE, kind)
    return checked(value)


def _check_used(what: str, needs: Needs, kind: AblationKind) -> None:
    """Raise an `InputError` for what this kind would leave unused."""
    if kind.traits.needs is not needs:
        users = [each.value for each in needing(needs)]
        raise InputError(
            needs.value,
            f"{what} is used by {' and '.join(users)} ablation only, not by {kind.value}: leave it "
            f"out, or choose {' or '.join(users)}.",
        )


def _ablation_in_words(spec: SweepSpec) -> str:
    named = f"{spec.ablation.value} ablation"
    if spec.ablation.traits.needs is Needs.REFERENCE:
        return f"{named} against {name_of(spec.reference)}"
    if spec.corrupted_prompt is not None:
        return f"{named} from “{beginning_of(spec.corrupted_prompt)}”"
    return named


def _positions_in_words(positions: Positions) -> str:
    if positions == "all":
        return "every position"
    if positions == "last":
        return "the prompt's last position"
    if len(positions) > _SHOWN_POSITIONS:
        return f"{len(positions)} positions from {positions[0]} to {positions[-1]}"
    *others, last = map(str, positions)
    return f"positions {', '.join(others)} and {last}" if others else f"position {last}"


def _positions(value: object) -> Positions:
    if value == "all":
        return "all"
    if value == "last":
        return "last"
    if isinstance(value, list | tuple) and value:
        if not all(isinstance(p, int) and not isinstance(p, bool) and p >= 0 for p in value):
            raise InputError(
                "positions", f"{json_shown(value)}: positions are whole numbers from 0 (BOS is 0)."
            )
        return tuple(sorted(set(value)))
    raise InputError(
        "positions",
        f"{json_shown(value)} is not a choice of positions: use all, last, or numbers: 0,3,5.",
    )
