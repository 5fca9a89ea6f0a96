"""Predictions of the first form open with every later version, from files and from a database."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.exports.prediction_file import read_file
from core.store import seen
from core.store.result_kinds import PREDICTIONS
from core.store.seen import browser_digest, question_digest
from core.store.store import Store

FOLDER = Path(__file__).parents[2] / "data" / "prediction-1"
EXPECTED = json.loads((FOLDER / "expected.json").read_bytes())
KEPT = EXPECTED["database"]


@pytest.fixture(params=[False, True], ids=["migrated", "read-only"])
def store(request, tmp_path):
    """A copy of the old database, opened either way."""
    path = shutil.copy(FOLDER / "runs.sqlite3", tmp_path)
    made = Store(f"sqlite:///{path}", read_only=request.param)
    yield made
    made.close()


def says(locked, label, name):
    """Whether a prediction is what the file of that name told the first reader."""
    made, came = locked.prediction, locked.outcome
    found = {
        "spec": locked.spec.to_dict(),
        "heads": [member.label for member in made.heads],
        "breaks": made.breaks,
        "prob": made.prob_after,
        "locked_at": made.made_at,
        "looked": made.looked,
        "known_of": locked.known_of,
        "looking": locked.looking_words,
        "shape": list(locked.shape),
        "fingerprint": locked.model_fingerprint,
        "title": label.title,
        "notes": label.notes,
        "tags": list(label.tags),
        "outcome": None,
    }
    if came is not None:
        found["outcome"] = {
            "measured_at": came.measured_at,
            "clean": came.baseline.prob,
            "prob": came.joint.prob,
            "rank": came.joint.rank,
            "logodds_change": came.joint.logodds_change,
            "logit_diff_change": came.joint.logit_diff_change,
        }
    told = EXPECTED["files"][name]
    return {name: found[name] for name in told} == told


@pytest.mark.parametrize("name", EXPECTED["files"])
def test_a_file_says_what_it_said(name):
    read = read_file(f"{name}.json", (FOLDER / f"{name}.json").read_bytes())
    assert says(read.locked, read.label, name)


def test_every_prediction_is_there_with_its_name_and_its_date(store):
    for prediction_id, told in KEPT.items():
        kept = store.read(PREDICTIONS, prediction_id)
        if told["deleted"] and store.read_only:
            assert kept is None
            continue
        assert says(kept.value, kept.label, told["file"])
        assert (kept.origin.value, kept.created) == (told["origin"], told["created"])
        assert (kept.deleted is not None) is told["deleted"]
    listed = [line.id for line in store.lines(PREDICTIONS)]
    assert listed == [name for name, told in reversed(KEPT.items()) if not told["deleted"]]
    assert [run.id for run in store.listed()] == [EXPECTED["sweep"]]


def test_what_a_browser_had_seen_is_known(store):
    told = EXPECTED["seen"]
    browser, asked = told["browser"], told["question"]
    at = datetime(2026, 12, 24, tzinfo=UTC).timestamp()
    with store._reading() as connection:
        found = seen.seen_by(connection, browser_digest(browser), at)
    assert found == {question_digest(browser, asked): told["looked"]}


def test_one_that_is_kept_again_is_the_same(store):
    if store.read_only:
        return
    for prediction_id, told in KEPT.items():
        kept = store.read(PREDICTIONS, prediction_id)
        assert store.put(PREDICTIONS, kept.value, origin=kept.origin) == prediction_id, told["file"]
