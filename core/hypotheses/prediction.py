"""A prediction made before the effect is shown, and what became of it.

An ablation breaks the answer where it takes the target from rank 1 or halves its probability.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import InputError
from core.hypotheses.naming import heads_text
from core.results.result import Baseline, Effect
from core.spec.heads import Head
from core.text.numbers import percent, signed


@dataclass(frozen=True)
class Prediction:
    """What ablating some heads together is said to do.

    `prob_after` is the target's probability with them ablated, a fraction. `made_at` is UTC in
    ISO 8601, to the second; `after_looking` says whether the effect had been seen by then, None
    where nobody can know.
    """

    heads: tuple[Head, ...]
    breaks: bool
    prob_after: float
    made_at: str
    after_looking: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**asdict(self), "heads": [head.label for head in self.heads]}


@dataclass(frozen=True)
class Verdict:
    """A prediction beside what was measured."""

    prediction: Prediction
    baseline: Baseline
    effect: Effect

    @property
    def broke(self) -> bool:
        """Whether the ablation broke the answer."""
        return broke(self.baseline, self.effect)

    @property
    def right(self) -> bool:
        """Whether what was said about breaking came true."""
        return self.broke == self.prediction.breaks

    @property
    def error(self) -> float:
        """Measured minus predicted probability, in percentage points."""
        return 100 * (self.effect.prob - self.prediction.prob_after)

    @property
    def contradictory(self) -> bool:
        """Whether it was said to hold at a probability that counts as broken.

        The other way round there is no contradiction: the rank may go without a halving.
        """
        return not self.prediction.breaks and _halved(self.baseline, self.prediction.prob_after)

    def said(self) -> tuple[str, ...]:
        """The verdict as sentences."""
        made, clean, effect = self.prediction, self.baseline, self.effect
        when = datetime.fromisoformat(made.made_at).strftime("%Y-%m-%d %H:%M UTC")
        looking = {True: " after looking", False: " before looking", None: ""}[made.after_looking]
        outcome = "it breaks, to" if made.breaks else "it holds, at"
        found = (
            f"Predicted{looking}, at {when}: {outcome} {percent(made.prob_after)}.",
            f"Measured: it {'broke' if self.broke else 'held'} (rank {clean.rank} → {effect.rank}, "
            f"{percent(clean.prob)} → {percent(effect.prob)}).",
            f"{'Right' if self.right else 'Wrong'} about breaking. The size was off by "
            f"{signed(self.error)} pp (measured minus predicted).",
        )
        if not self.contradictory:
            return found
        return (
            *found,
            f"The prediction contradicted itself: {percent(made.prob_after)} is at most half of "
            f"{percent(clean.prob)}, which counts as broken.",
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; `error_points` in percentage points, probabilities as fractions."""
        return {
            "prediction": self.prediction.to_dict(),
            "baseline": {"prob": self.baseline.prob, "rank": self.baseline.rank},
            "measured": {"prob": self.effect.prob, "rank": self.effect.rank},
            "broke": self.broke,
            "right": self.right,
            "error_points": self.error,
            "contradictory": self.contradictory,
            "said": list(self.said()),
        }


def broke(baseline: Baseline, effect: Effect) -> bool:
    """Whether an ablation broke the answer: rank 1 is lost, or the probability is halved.

    Where the target was not at rank 1 to begin with, only the halving counts.
    """
    lost = baseline.rank == 1 and effect.rank != 1
    return lost or _halved(baseline, effect.prob)


def lock(
    heads: Sequence[Head],
    breaks: bool,
    prob_after: float,
    after_looking: bool | None,
    now: datetime | None = None,
) -> Prediction:
    """Check a prediction and date it: at `now` (with a time zone), or at this moment.

    Raises `InputError` for no heads, and for a probability outside 0 to 1.
    """
    chosen = tuple(sorted(set(heads)))
    if not chosen:
        raise InputError("heads", "A prediction is about a set of heads: name at least one.")
    if not 0 <= prob_after <= 1:  # NaN too
        raise InputError(
            "prob_after",
            f"The predicted probability for {heads_text(chosen)} is {prob_after}: give a fraction "
            "from 0 to 1.",
        )
    moment = datetime.now(UTC) if now is None else now
    assert moment.tzinfo is not None
    made_at = moment.astimezone(UTC).isoformat(timespec="seconds")
    return Prediction(chosen, breaks, float(prob_after), made_at, after_looking)


def _halved(baseline: Baseline, prob: float) -> bool:
    return prob <= baseline.prob / 2
