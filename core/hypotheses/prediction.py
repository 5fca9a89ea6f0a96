"""A prediction made before the effect is shown, and its comparison with the measurement.

An ablation breaks the answer if the target loses rank 1 or at least half of its probability. Where
the target is not at rank 1 to begin with there is nothing to break, and the verdict speaks of the
change only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import InputError
from core.hypotheses.joint_words import metric_name, went_words
from core.hypotheses.parse_heads import heads_text
from core.results.leading import leading
from core.results.metric_words import opposed_words
from core.results.prediction import Looked, Prediction, broke, halved
from core.results.result import Baseline, Effect
from core.spec.members import Member, in_order
from core.text.numbers import percent, signed

_JUDGED = {True: "Right about breaking. ", False: "Wrong about breaking. ", None: ""}


@dataclass(frozen=True)
class Verdict:
    """A prediction and the measured effect."""

    prediction: Prediction
    baseline: Baseline
    effect: Effect

    @property
    def broke(self) -> bool | None:
        """Whether the ablation broke the answer; None where there was nothing to break."""
        return broke(self.baseline, self.effect)

    @property
    def right(self) -> bool | None:
        """Whether the prediction about breaking was right; None where nothing could break."""
        return None if self.broke is None else self.broke == self.prediction.breaks

    @property
    def error(self) -> float:
        """Measured minus predicted probability, in percentage points."""
        return 100 * (self.effect.prob - self.prediction.prob_after)

    @property
    def contradictory(self) -> bool:
        """Whether the prediction says "holds" with a probability that counts as broken.

        "Breaks" with a high probability is no contradiction: the target may lose rank 1 and keep
        more than half of its probability.
        """
        less = halved(self.baseline, self.prediction.prob_after)
        return self.broke is not None and not self.prediction.breaks and less

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        if self.broke is None:
            return f"Nothing to break: rank {self.baseline.rank} with every head"
        return (
            f"It {'broke' if self.broke else 'held'}: you were {'right' if self.right else 'wrong'}"
        )

    def sentences(self) -> tuple[str, ...]:
        """The verdict as sentences."""
        predicted, clean = self.prediction, self.baseline
        when = datetime.fromisoformat(predicted.made_at).strftime("%Y-%m-%d %H:%M UTC")
        seen = "" if predicted.looked is None else f" {predicted.looked.words}"
        outcome = "it breaks, to" if predicted.breaks else "it holds, at"
        sentences = (
            f"Predicted{seen}, at {when}: {outcome} {percent(predicted.prob_after)}.",
            self._measured(),
            f"{_JUDGED[self.right]}The size was off by {signed(self.error)} pp (measured minus "
            "predicted).",
        )
        if not self.contradictory:
            return sentences
        return (
            *sentences,
            f"The prediction contradicted itself: {percent(predicted.prob_after)} is at most half "
            f"of {percent(clean.prob)}, which counts as broken.",
        )

    def _measured(self) -> str:
        clean, effect = self.baseline, self.effect
        metric = leading(has_foil=clean.logit_diff is not None)
        change = metric.value(effect)
        assert change is not None
        went = (
            f"rank {clean.rank} → {effect.rank}, {went_words(clean.prob, effect.prob)}, "
            f"{metric_name(metric.field)} {metric.quantity(change)}"
            f"{opposed_words(metric, effect, clean)}"
        )
        if self.broke is None:
            return (
                f"Measured: {went}. The target was not at rank 1 with every head in place: there "
                "was nothing to break."
            )
        return f"Measured: it {'broke' if self.broke else 'held'} ({went})."

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; `error_points` in percentage points, probabilities as fractions.

        `broke` and `right` are None where there was nothing to break.
        """
        return {
            "prediction": self.prediction.to_dict(),
            "baseline": {"prob": self.baseline.prob, "rank": self.baseline.rank},
            "measured": {"prob": self.effect.prob, "rank": self.effect.rank},
            "broke": self.broke,
            "right": self.right,
            "error_points": self.error,
            "contradictory": self.contradictory,
            "headline": self.headline,
            "sentences": list(self.sentences()),
        }


def lock_prediction(
    heads: Sequence[Member],
    breaks: bool,
    prob_after: float,
    looked: Looked | None,
    now: datetime | None = None,
) -> Prediction:
    """Check a prediction and give it a date: `now` (with a time zone), or the current time.

    Raises `InputError` for an empty set of heads and for a probability outside 0 to 1.
    """
    chosen = in_order(heads)
    if not chosen:
        raise InputError("heads", "A prediction is about a set of heads: name at least one.")
    if not 0 <= prob_after <= 1:  # NaN too
        raise InputError(
            "prob_after",
            f"The predicted probability for {heads_text(chosen)} is {prob_after}: give a fraction "
            "from 0 to 1.",
        )
    return Prediction(chosen, breaks, float(prob_after), now_utc(now), looked)


def now_utc(now: datetime | None = None) -> str:
    """A moment (with a time zone), or the current one, as a prediction is dated."""
    moment = datetime.now(UTC) if now is None else now
    assert moment.tzinfo is not None
    return moment.astimezone(UTC).isoformat(timespec="seconds")
