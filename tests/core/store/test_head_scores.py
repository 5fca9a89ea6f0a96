"""Role scores outlive the process that measured them, and are those of the very same weights."""

from dataclasses import replace

import numpy as np
import pytest

from core.circuits.head_scores import HeadScores
from core.errors import StoreError
from core.store.head_scores import KeptScores, ScoresOf
from core.store.result_kinds import HEAD_SCORES, SWEEPS
from core.store.store import Store

OF = ScoresOf("7e86", "float32", "processed")


def scores(seed=0):
    drawn = np.random.default_rng(seed)
    mean, error = drawn.random((5, 3, 4)), drawn.random((5, 3, 4))
    error[0, 0, 0] = np.nan
    return HeadScores(mean, error, 25, 8, 7, True, drawn.random((3, 4)) - 0.5)


def same(one, other):
    assert one.to_dict() == other.to_dict()
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.standard_error, other.standard_error)


@pytest.fixture
def address(tmp_path):
    return f"sqlite:///{tmp_path / 'runs.sqlite3'}"


@pytest.fixture
def store(address):
    opened = Store(address)
    yield opened
    opened.close()


def test_every_number_comes_back_as_it_was(store):
    kept = KeptScores(OF, "demo", (3, 4), scores().to_kept())
    name = store.put(HEAD_SCORES, kept)
    assert name == OF.row_id
    found = store.read(HEAD_SCORES, name).value
    assert found == kept
    same(HeadScores.from_kept(found.scores, found.shape), scores())


def test_other_weights_formats_and_readings_have_their_own():
    others = [replace(OF, fingerprint="7e87"), replace(OF, dtype="bfloat16")]
    names = {each.row_id for each in (OF, *others, replace(OF, weights="raw"))}
    assert len(names) == 4


def test_they_stand_in_no_list_and_open_as_no_run(store):
    name = store.put(HEAD_SCORES, KeptScores(OF, "demo", (3, 4), scores().to_kept()))
    assert store.count() == 0
    assert store.listed() == []
    assert store.n_unknown() == 0
    assert store.whole_id(name) is None
    with pytest.raises(StoreError, match="cannot be opened here"):
        store.read(SWEEPS, name)


@pytest.mark.parametrize(
    "changes",
    [
        {"mean": [[0.1]]},
        {"mean": None},
        {"roles": ["induction"]},
        {"copying": [[1.0]]},
        {"copy_length": "long"},
    ],
)
def test_what_is_damaged_or_of_another_version_is_measured_anew(changes):
    assert HeadScores.from_kept(scores().to_kept() | changes, (3, 4)) is None
    assert HeadScores.from_kept({}, (3, 4)) is None
    assert HeadScores.from_kept(scores().to_kept(), (4, 3)) is None
