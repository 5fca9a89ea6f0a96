"""A locked prediction as JSON: written, read back, and what is not one."""

import copy
import json

import pytest
from support.predictions import locked, outcome

from core.results.locked_prediction import SCHEMA, LockedPrediction
from core.results.prediction import Looked
from core.spec.heads import Head
from core.spec.members import Mlp, member_named

MADE = locked()
TESTED = locked().with_outcome(outcome())


@pytest.mark.parametrize(
    "made",
    [
        MADE,
        TESTED,
        locked(breaks=False, prob=1.0, looked=Looked.FRONT_PAGE, known_of="tab"),
        locked(looked=None, heads=(Head(0, 0), Mlp(2))),
    ],
)
def test_it_is_read_as_it_was_written(made):
    written = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert LockedPrediction.from_dict(written) == made
    assert LockedPrediction.from_dict(written).to_dict() == made.to_dict()


def test_what_a_reader_without_this_program_finds_in_it():
    told = TESTED.to_dict()
    assert told["schema"] == SCHEMA == "headsweep.prediction/1"
    assert told["heads"] == ["L1H0", "L1H2"]
    assert told["predicted"] == {"breaks": True, "prob": 0.05, "metric": "prob"}
    assert (told["locked_at"], told["looked"]) == ("2026-11-24T12:00:00+00:00", "no")
    came = told["outcome"]
    assert (came["broke"], came["right"]) == (True, True)
    assert came["error_points"] == pytest.approx(-3.0)
    assert came["metric"] == "logodds_change"
    assert came["change"] == came["joint"]["logodds_change"]


def test_the_first_outcome_stays():
    assert TESTED.with_outcome(outcome(prob=0.9)) is TESTED


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (locked(), "before looking"),
        (locked(known_of="tab"), "before looking, as far as this tab could know"),
        (locked(looked=Looked.FRONT_PAGE), "with the front page’s numbers on screen"),
        (locked(looked=Looked.YES, known_of="tab"), "after looking"),
        (locked(looked=None), ""),
    ],
)
def test_what_had_been_seen_in_words(made, words):
    assert made.looking_words == words


def test_each_way_of_looking_says_more_than_the_one_before():
    for index, one in enumerate(Looked):
        for other in list(Looked)[index:]:
            assert one.or_more(other) is other.or_more(one) is other


def without(name):
    return lambda values: values.pop(name)


def put(*path, value):
    def change(values):
        *inside, last = path
        for step in inside:
            values = values[step]
        values[last] = value

    return change


BAD = [
    (without("heads"), "has no 'heads'"),
    (put("heads", value=[]), "names 0 heads"),
    (put("heads", value=["L9H0"]), "L9H0"),
    (put("heads", value=["MLPx"]), "'MLPx' is no MLP"),
    (put("heads", value=["the usual ones"]), "is not a head"),
    (put("heads", value=["L0H0"] * 200_000), "names 200,000 heads"),
    (put("shape", value=[3, 0]), "no shape"),
    (put("predicted", "prob", value=1.5), "a probability in it is 1.5"),
    (put("predicted", "prob", value=True), "predicted.prob"),
    (put("predicted", "metric", value="kl"), "predicts"),
    (put("locked_at", value="yesterday"), "no time in UTC"),
    (put("locked_at", value="2026-11-24T12:00:00+02:00"), "no time in UTC"),
    (put("locked_at", value="2026-11-24"), "no time in UTC"),
    (put("looked", value="perhaps"), "perhaps"),
    (put("known_of", value="me"), "known_of"),
    (put("lock", value="F" * 32), "its lock"),
    (put("model_fingerprint", value="x" * 400), "400 characters"),
    (put("spec", "prepend_bos", value=None), "BOS"),
    (put("outcome", "joint", "prob", value=2.0), "a probability in it is 2.0"),
    (put("outcome", "joint", "rank", value=0), "rank is 0"),
    (put("outcome", "joint", "logodds_change", value=1e300), "no model gives"),
    (put("outcome", "baseline", "logit_diff", value=1.0), "does not fit its foil"),
    (put("outcome", "joint", "top", value=[["a", 0.1]] * 1000), "effect.top has 1,000"),
    (put("outcome", "measured_at", value=""), "no time in UTC"),
]


@pytest.mark.hostile
@pytest.mark.parametrize(("change", "said"), BAD)
def test_what_is_damaged_is_named(change, said):
    values = json.loads(json.dumps(copy.deepcopy(TESTED.to_dict())))
    change(values)
    with pytest.raises(ValueError, match=said.replace("(", r"\(")) as caught:
        LockedPrediction.from_dict(values)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("values", [None, [], {"schema": "headsweep.sweep/1"}, {"schema": 3}])
def test_what_is_something_else_says_so(values):
    with pytest.raises(ValueError, match=r"not a headsweep\.prediction/1"):
        LockedPrediction.from_dict(values)


def test_a_newer_one_is_left_to_a_newer_headsweep():
    with pytest.raises(ValueError, match="newer Headsweep"):
        LockedPrediction.from_dict(MADE.to_dict() | {"schema": "headsweep.prediction/2"})


def test_a_member_is_named_as_a_set_writes_it():
    for member in (Head(0, 11), Mlp(3)):
        assert member_named(member.label) == member
