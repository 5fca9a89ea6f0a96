"""A locked prediction as a thing of its own: what was said of which question, when, and what came.

It is plain data, kept and exported as `headsweep.prediction/1`. `READERS` has a reader for each
version of that form: every one that was ever written opens for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from core.results.effects import Baseline, Effect
from core.results.leading import leading
from core.results.metrics import BY_FIELD
from core.results.prediction import Looked, Prediction, broke
from core.results.reading import effect_fields, read_baseline, read_shape
from core.results.schema import DamagedError, current_baseline, current_effect, read_version
from core.spec.members import check_member, in_order, member_named
from core.spec.spec import SweepSpec
from core.text.json_form import Nullable, Plain, check_form, json_shown

FAMILY = "headsweep.prediction"
VERSION = 1
"""Of the form that is written; every one up to it is read."""
SCHEMA = f"{FAMILY}/{VERSION}"
MAX_MEMBERS = 100_000
KnownOf = Literal["browser", "tab"]
_LOCK_LENGTH = 32
_MAX_NUMBER = 1e9
_ROUNDING = 1e-5

_FORM: Mapping[str, Any] = {
    "spec": {},  # it checks its own
    "shape": (Plain.WHOLE, Plain.WHOLE),
    "model_fingerprint": Plain.TEXT,
    "heads": [Plain.TEXT],
    "predicted": {"breaks": Plain.FLAG, "prob": Plain.NUMBER, "metric": Plain.TEXT},
    "locked_at": Plain.TEXT,
    "looked": Nullable(Plain.TEXT),
    "known_of": Plain.TEXT,
    "lock": Plain.TEXT,
    "outcome": Nullable(
        {
            "measured_at": Plain.TEXT,
            "model_fingerprint": Plain.TEXT,
            "baseline": {},
            "joint": {},
        }
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What ablating the heads together did: the clean run and the joint effect.

    `measured_at` is UTC in ISO 8601, to the second; `model_fingerprint` is of the model measured.
    """

    measured_at: str
    model_fingerprint: str
    baseline: Baseline
    joint: Effect


@dataclass(frozen=True)
class LockedPrediction:
    """A prediction with its question, and its outcome once that is measured.

    `spec` is resolved. `shape` is (layers, heads a layer) of the model, `model_fingerprint` of its
    weights when the prediction was locked. `known_of` says how far it was known what had been
    looked at: "browser", all tabs of one browser over time, or "tab", this tab alone. `lock` is a
    random name: two that say the same are two predictions.
    """

    spec: SweepSpec
    shape: tuple[int, int]
    model_fingerprint: str
    prediction: Prediction
    known_of: KnownOf
    lock: str
    outcome: Outcome | None = None

    def with_outcome(self, outcome: Outcome) -> "LockedPrediction":
        """The same, tested. A first outcome stays: what came first is what was predicted."""
        return self if self.outcome is not None else replace(self, outcome=outcome)

    @property
    def looking_words(self) -> str:
        """What had been looked at before, as far as it was known: "before looking"."""
        looked = self.prediction.looked
        if looked is None:
            return ""
        is_sure = looked is not Looked.NO or self.known_of == "browser"
        return looked.words if is_sure else f"{looked.words}, as far as this tab could know"

    def to_dict(self) -> dict[str, Any]:
        """The object of `SCHEMA`; probabilities are fractions, `error_points` percentage points."""
        made = self.prediction
        return {
            "schema": SCHEMA,
            "spec": self.spec.to_dict(),
            "shape": list(self.shape),
            "model_fingerprint": self.model_fingerprint,
            "heads": [member.label for member in made.heads],
            "predicted": {"breaks": made.breaks, "prob": made.prob_after, "metric": "prob"},
            "locked_at": made.made_at,
            "looked": None if made.looked is None else made.looked.value,
            "known_of": self.known_of,
            "lock": self.lock,
            "outcome": None if self.outcome is None else _told(made, self.outcome),
        }

    @classmethod
    def from_dict(cls, values: object) -> "LockedPrediction":
        """Read an object of this form, of any version; a ValueError says what it is instead."""
        saved = _current(values)
        try:
            return _read(saved)
        except DamagedError:
            raise
        except (ValueError, OverflowError) as error:
            raise _damaged(str(error).rstrip(".")) from None


def _told(made: Prediction, outcome: Outcome) -> dict[str, Any]:
    """An outcome with what follows from it, for whoever reads the file without this program."""
    metric = leading(has_foil=outcome.baseline.logit_diff is not None)
    result = broke(outcome.baseline, outcome.joint)
    return {
        "measured_at": outcome.measured_at,
        "model_fingerprint": outcome.model_fingerprint,
        "metric": metric.field,
        "change": getattr(outcome.joint, metric.field),
        "broke": result,
        "right": None if result is None else result == made.breaks,
        "error_points": 100 * (outcome.joint.prob - made.prob_after),
        "baseline": outcome.baseline.to_dict(),
        "joint": outcome.joint.to_dict(),
    }


def _current(values: object) -> Mapping[str, Any]:
    """Saved values in the form that is written now."""
    found = read_version(values, SCHEMA, READERS, SCHEMA)
    try:
        check_form(found, _FORM, "")
    except ValueError as error:
        raise _damaged(str(error)) from None
    return found


def _read(saved: Mapping[str, Any]) -> LockedPrediction:
    spec, shape = SweepSpec.from_dict(saved["spec"]), read_shape(saved["shape"])
    if spec.prepend_bos is None:
        raise ValueError("its spec does not say whether BOS goes first")
    if not 0 < len(saved["heads"]) <= MAX_MEMBERS:
        raise ValueError(f"it names {len(saved['heads']):,} heads")
    members = in_order(member_named(label) for label in saved["heads"])
    for member in members:
        check_member(member, shape, "Its model", "heads")
    predicted = saved["predicted"]
    if predicted["metric"] != "prob":
        raise ValueError(f"it predicts {json_shown(predicted['metric'])}, not prob")
    looked = None if saved["looked"] is None else Looked(saved["looked"])
    if saved["known_of"] not in get_args(KnownOf):
        raise ValueError(f"its known_of is {json_shown(saved['known_of'])}")
    lock = saved["lock"]
    if not (len(lock) == _LOCK_LENGTH and set(lock) <= set("0123456789abcdef")):
        raise ValueError(f"its lock is {json_shown(lock)}")
    outcome = saved["outcome"]
    return LockedPrediction(
        spec,
        shape,
        _fingerprint(saved["model_fingerprint"]),
        Prediction(
            members,
            predicted["breaks"],
            _fraction(predicted["prob"], rounding=0.0),
            _moment(saved["locked_at"]),
            looked,
        ),
        saved["known_of"],
        lock,
        None if outcome is None else _outcome(outcome, has_foil=spec.foil is not None),
    )


def _outcome(values: Mapping[str, Any], *, has_foil: bool) -> Outcome:
    baseline = read_baseline(current_baseline(values["baseline"]))
    joint = Effect(**effect_fields(current_effect(values["joint"])))
    for each in (baseline, joint):
        _fraction(each.prob)
        for _, prob in each.top:
            _fraction(prob)
        if each.rank < 1:
            raise ValueError(f"its rank is {each.rank}")
    numbers = (getattr(joint, field) for field in BY_FIELD)
    if any(number is not None and abs(number) > _MAX_NUMBER for number in numbers):
        raise ValueError("its outcome holds numbers that no model gives")
    differences = (baseline.logit_diff, joint.logit_diff_change)
    if any((difference is not None) != has_foil for difference in differences):
        raise ValueError("its logit difference does not fit its foil")
    return Outcome(
        _moment(values["measured_at"]), _fingerprint(values["model_fingerprint"]), baseline, joint
    )


def _fraction(number: float, *, rounding: float = _ROUNDING) -> float:
    if not 0 <= number <= 1 + rounding:
        raise ValueError(f"a probability in it is {json_shown(number)}")
    return float(number)


def _fingerprint(text: str) -> str:
    if len(text) > _LOCK_LENGTH * 10:
        raise ValueError(f"its model_fingerprint has {len(text):,} characters")
    return text


def _moment(text: str) -> str:
    """A moment as it is written: UTC, to the second."""
    try:
        moment = datetime.fromisoformat(text)
        as_written = moment.isoformat(timespec="seconds")
        is_utc = moment.utcoffset() == timedelta(0)
    except ValueError:
        as_written, is_utc = "", False
    if not is_utc or as_written != text:
        raise ValueError(f"{json_shown(text)} is no time in UTC as 2026-11-24T07:10:59+00:00")
    return text


def _damaged(where: str) -> DamagedError:
    return DamagedError(f"This {SCHEMA} is", where)


READERS: Mapping[int, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {1: dict}
"""By version: from its form to the form that is written now; `check_form` names what is damaged."""
