"""Predictions and verdicts, worked out by hand."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.errors import InputError
from core.hypotheses.prediction import Verdict, lock_prediction
from core.results.prediction import Looked, broke
from core.results.result import Baseline, Effect
from core.spec.heads import Head

NOON = datetime(2026, 11, 24, 7, 10, 59, 123456, tzinfo=UTC)
HEADS = (Head(1, 0), Head(1, 2))


def clean(prob=0.846, rank=1):
    return Baseline(prob, -0.2, rank, None, ())


def after(prob, rank):
    return Effect(
        prob=prob,
        prob_change=0.0,
        logprob_change=0.0,
        logodds_change=-7.92,
        logit_diff_change=None,
        kl=0.0,
        rank=rank,
        top=(),
    )


@pytest.mark.parametrize(
    ("baseline", "effect", "expected"),
    [
        (clean(0.8), after(0.7, 1), False),
        (clean(0.8), after(0.7, 2), True),  # rank 1 is lost
        (clean(0.8), after(0.4, 1), True),  # halved, though still the first
        (clean(0.8), after(0.401, 1), False),
        (clean(0.2, 3), after(0.15, 9), None),  # it never was the first: nothing can break
        (clean(0.2, 3), after(0.1, 3), None),
        (clean(0.2, 3), after(0.3, 1), None),
    ],
)
def test_what_breaks_an_answer(baseline, effect, expected):
    assert broke(baseline, effect) is expected


def test_a_prediction_is_dated_in_utc_to_the_second():
    made = lock_prediction((HEADS[1], *HEADS), True, 0.05, Looked.NO, NOON)
    assert made.made_at == "2026-11-24T07:10:59+00:00"
    assert made.heads == HEADS
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert lock_prediction(HEADS, True, 0.05, Looked.NO, elsewhere) == made
    now = datetime.fromisoformat(lock_prediction(HEADS, True, 0.05, Looked.NO).made_at)
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)


@pytest.mark.parametrize("prob", [-0.01, 1.01, 5.0, float("nan"), float("inf")])
def test_a_probability_is_a_fraction(prob):
    with pytest.raises(InputError, match="from 0 to 1") as caught:
        lock_prediction(HEADS, True, prob, Looked.NO)
    assert caught.value.field == "prob_after"
    with pytest.raises(InputError, match="at least one") as caught:
        lock_prediction((), True, 0.5, Looked.NO)
    assert caught.value.field == "heads"


def test_the_verdict_in_words():
    verdict = Verdict(lock_prediction(HEADS, True, 0.05, Looked.NO, NOON), clean(), after(0.002, 7))
    assert verdict.broke
    assert verdict.right
    assert verdict.error == pytest.approx(-4.8)
    assert verdict.sentences() == (
        "Predicted before looking, at 2026-11-24 07:10 UTC: it breaks, to 5.0 %.",
        "Measured: it broke (rank 1 → 7, P 84.6 % → 0.2 %, log odds −7.92 nats).",
        "Right about breaking. The size was off by −4.8 pp (measured minus predicted).",
    )
    told = verdict.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["prediction"]["heads"] == ["L1H0", "L1H2"]


def test_where_nothing_could_break_the_verdict_speaks_of_the_change_only():
    prediction = lock_prediction(HEADS, False, 0.001, Looked.YES, NOON)
    verdict = Verdict(prediction, clean(0.011, 3), after(0.002, 9))
    assert verdict.broke is None
    assert verdict.right is None
    assert not verdict.contradictory
    assert verdict.headline == "Nothing to break: rank 3 with every head"
    assert verdict.sentences()[1:] == (
        "Measured: rank 3 → 9, P 1.1 % → 0.2 %, log odds −7.92 nats. The target was not at rank 1 "
        "with every head in place: there was nothing to break.",
        "The size was off by +0.1 pp (measured minus predicted).",
    )
    assert verdict.to_dict()["broke"] is None


def test_a_wrong_prediction_made_after_looking():
    verdict = Verdict(lock_prediction(HEADS, True, 0.1, Looked.YES, NOON), clean(), after(0.8, 1))
    assert not verdict.right
    assert verdict.sentences()[0].startswith("Predicted after looking")
    assert "it held" in verdict.sentences()[1]
    front = Verdict(
        lock_prediction(HEADS, True, 0.1, Looked.FRONT_PAGE, NOON), clean(), after(0.8, 1)
    )
    assert front.sentences()[0].startswith("Predicted with the front page’s numbers on screen, at")
    told = front.prediction.to_dict()
    assert (told["looked"], told["after_looking"]) == ("front-page", True), (
        "a number had been shown"
    )
    unknown = Verdict(lock_prediction(HEADS, True, 0.1, None, NOON), clean(), after(0.8, 1))
    assert unknown.sentences()[0].startswith("Predicted, at 2026")
    assert verdict.sentences()[2].startswith("Wrong about breaking. The size was off by +70.0 pp")


@pytest.mark.parametrize(
    ("breaks", "prob", "expected"),
    [(False, 0.42, True), (False, 0.43, False), (True, 0.42, False), (True, 0.8, False)],
)
def test_only_holding_at_half_contradicts_itself(breaks, prob, expected):
    verdict = Verdict(lock_prediction(HEADS, breaks, prob, Looked.NO, NOON), clean(), after(0.5, 1))
    assert verdict.contradictory is expected
    assert ("contradicted itself" in verdict.sentences()[-1]) is expected
