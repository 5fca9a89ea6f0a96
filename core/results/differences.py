"""In what two sweeps differ, and what that means for whoever compares their numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.prompts.token_words import typed_answer_words
from core.results.metrics import BY_FIELD, KL, PROB
from core.results.result import SweepResult
from core.spec.ablation import AblationKind, listed
from core.spec.answer import Answer
from core.spec.reference_set import name_of
from core.spec.spec import Positions, SweepSpec
from core.text.numbers import percent
from core.text.words import plain

NONE = "none"
_LISTED = 8
"""Up to this many positions are written out."""


@dataclass(frozen=True)
class RunDifference:
    """One thing in which two runs differ, with both values as plain text.

    `field` is a field of `SweepSpec`, or "model_fingerprint" where a name is the same and the
    weights behind it are not; `name` is what to call it. Nothing in the texts is escaped.
    """

    field: str
    name: str
    one: str
    other: str


def run_differences(one: SweepResult, other: SweepResult) -> tuple[RunDifference, ...]:
    """Everything that determines the numbers and differs, in the order of a spec's fields."""
    return tuple(_differences(one, other))


def run_caveats(
    one: SweepResult, other: SweepResult, differs: tuple[RunDifference, ...], metric: str
) -> Iterator[str]:
    """What a comparison of this metric cannot say, as sentences."""
    fields = {difference.field for difference in differs}
    yield from _about_models(one, other, fields)
    yield from _about_answers(one, other, fields, metric)
    yield from _about_ablations(one, other, fields)
    if "dtype" in fields:
        yield (
            "One run is in bfloat16, which keeps two to three digits: small differences may be "
            "rounding."
        )
    apart = [d.name for d in differs if _counts(d.field, fields, metric)]
    if len(apart) > 1:
        yield (
            f"The runs differ in several things at once ({', '.join(apart)}): the numbers do not "
            "say which of them moved a head."
        )
    same = "prompt" not in fields
    yield (
        f"{'One prompt, the same in both runs' if same else 'One prompt a run'}: these are effects "
        "on it, without any error bar, and no test of whether heads differ in general."
    )


def _differences(one: SweepResult, other: SweepResult) -> Iterator[RunDifference]:
    a, b = one.spec, other.spec
    pairs = {
        "model": ("model", a.model, b.model),
        "prompt": ("prompt", a.prompt, b.prompt),
        "target": ("target", _answer(a.target), _answer(b.target)),
        "foil": ("foil", _answer(a.foil), _answer(b.foil)),
        "ablation": ("ablation", a.ablation.label, b.ablation.label),
        "corrupted_prompt": (
            "corrupted prompt",
            a.corrupted_prompt or NONE,
            b.corrupted_prompt or NONE,
        ),
        "reference": ("reference set", *_references(a, b)),
        "positions": ("positions", _positions(a.positions), _positions(b.positions)),
        "prepend_bos": ("BOS", _bos(a), _bos(b)),
        "weights": ("weights", a.weights, b.weights),
        "dtype": ("dtype", a.dtype, b.dtype),
    }
    for field, (name, *texts) in pairs.items():
        if getattr(a, field) != getattr(b, field):
            yield RunDifference(field, name, *texts)
    wholes = [each.compares_whole_answers for each in (one, other)]
    if any(wholes) and not all(wholes) and a.foil == b.foil and a.target == b.target:
        how = ("as wholes" if whole else "where they part" for whole in wholes)
        yield RunDifference("parts_at", "comparing target and foil", *how)
    prints = one.provenance.model_fingerprint, other.provenance.model_fingerprint
    if a.model == b.model and prints[0] != prints[1]:
        yield RunDifference("model_fingerprint", "model fingerprint", *prints)


def _about_models(one: SweepResult, other: SweepResult, fields: set[str]) -> Iterator[str]:
    same = one.provenance.model_fingerprint == other.provenance.model_fingerprint
    if same and "model" in fields:
        yield f"{one.spec.model} and {other.spec.model} are two names of the same weights."
    if not same:
        yield (
            "The runs are of different models or checkpoints: heads with the same number are not "
            "the same head, unless one model was trained from the other. Otherwise this compares "
            "places in two networks."
        )
    if "prompt" not in fields and "prepend_bos" not in fields and one.tokens != other.tokens:
        yield (
            f"The models read the prompt as different tokens ({len(one.tokens)} and "
            f"{len(other.tokens)} of them)."
        )
    if "prepend_bos" in fields:
        yield (
            "One run begins with BOS and the other does not: position numbers are one apart, and "
            "heads that rest on the first token rest on another one."
        )
    if "weights" in fields:
        changing = listed(kind for kind in AblationKind if not kind.traits.given)
        unchanging = listed(kind for kind in AblationKind if kind.traits.given)
        yield (
            f"One run has processed weights, the other raw ones: {changing} put something else in "
            f"a head’s place then; {unchanging} put the same."
        )


def _about_answers(
    one: SweepResult, other: SweepResult, fields: set[str], metric: str
) -> Iterator[str]:
    probs = one.baseline.prob, other.baseline.prob
    if metric == PROB.field and PROB.is_notable(PROB.factor * (probs[0] - probs[1])):
        yield (
            f"The baselines differ ({percent(probs[0])} and {percent(probs[1])}), so percentage "
            "points are not on an equal footing: the most a head can take away is the baseline. "
            "Compare log odds."
        )
    if "target" in fields and BY_FIELD[metric].of_target:
        yield (
            "The targets differ: each run measures an answer of its own, so a head that moved may "
            "serve the one answer and not the other."
        )
    lengths = _answer_length(one), _answer_length(other)
    if metric == KL.field and lengths[0] != lengths[1]:
        yield (
            f"KL is summed over the answer’s positions, of which there are {lengths[0]} and "
            f"{lengths[1]}."
        )
    if "foil" in fields and BY_FIELD[metric].needs_foil:
        yield "The foils differ: each logit difference is against a rival of its own."


def _about_ablations(one: SweepResult, other: SweepResult, fields: set[str]) -> Iterator[str]:
    a, b = one.spec.ablation, other.spec.ablation
    if a is not b:
        yield (
            f"A head is replaced by different things ({a.label}, {b.label}): a difference is one "
            "between two questions about a head, not a change in the head."
        )
        for kind in (a, b):
            if kind.traits.keeps_share:
                yield f"{kind.label.capitalize()}: {kind.caveat}"
    elif "reference" in fields:
        yield "The reference sets differ: each run replaces a head by another average."
    elif "corrupted_prompt" in fields:
        yield (
            "The corrupted prompts differ: resample ablation measures a difference between two "
            "prompts, and these are two such differences."
        )
    if "positions" in fields:
        yield (
            "The runs ablate at different positions: what a head does at a position that is left "
            "out does not show."
        )
    elif isinstance(one.spec.positions, tuple) and one.tokens != other.tokens:
        yield "The positions have the same numbers, but not the same tokens around them."


def _counts(field: str, fields: set[str], metric: str) -> bool:
    """Whether a difference bears on the numbers and is no mere consequence of another."""
    if field in {"corrupted_prompt", "reference"}:
        return "ablation" not in fields
    return field != "foil" or BY_FIELD[metric].needs_foil


def _answer(answer: Answer | None) -> str:
    return NONE if answer is None else plain(typed_answer_words(answer))


def _answer_length(result: SweepResult) -> int:
    """The answer's positions: one for a set of single tokens."""
    return 1 if isinstance(result.spec.target, tuple) else len(result.target_tokens)


def _references(one: SweepSpec, other: SweepSpec) -> tuple[str, str]:
    a, b = (NONE if spec.reference is None else name_of(spec.reference) for spec in (one, other))
    return (a, f"{b} (other texts)") if a == b else (a, b)


def _positions(positions: Positions) -> str:
    if isinstance(positions, str):
        return positions
    if len(positions) > _LISTED:
        return f"{len(positions)} positions from {positions[0]} to {positions[-1]}"
    return ", ".join(map(str, positions))


def _bos(spec: SweepSpec) -> str:
    return {True: "yes", False: "no", None: "the model’s choice"}[spec.prepend_bos]
