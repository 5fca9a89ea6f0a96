"""A clock that jumps, as one does that is set, or a machine that slept: nothing is lost by it."""

from dataclasses import replace

import pytest

from core.demo.example import saved
from core.store import store as store_module
from core.store.run import Query
from core.store.store import DAYS_DELETED, Store

DAY = 24 * 3600.0
NOW = 1.8e9
JUMPS = {
    "before 1970": -5.0,
    "1970": 0.0,
    "a year back": NOW - 365 * DAY,
    "an hour back": NOW - 3600,
    "a year on": NOW + 365 * DAY,
    "2106": 2.0**32,
    "the year 9999": 253_402_000_000.0,
}


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path / 'runs.sqlite3'}")
    yield made
    made.close()


def run_on(prompt):
    base = saved()
    return replace(base, spec=replace(base.spec, prompt=prompt), _index={})


@pytest.mark.parametrize("jump", JUMPS)
def test_a_run_kept_while_the_clock_is_wrong_is_found_and_listed(store, monkeypatch, jump):
    monkeypatch.setattr(store_module, "now", lambda: NOW)
    before = store.keep(run_on("before"))
    monkeypatch.setattr(store_module, "now", lambda: JUMPS[jump])
    during = store.keep(run_on("during"))
    monkeypatch.setattr(store_module, "now", lambda: NOW + 60)
    after = store.keep(run_on("after"))
    assert {run.id for run in store.listed()} == {before, during, after}
    assert all(store.get(run_id) is not None for run_id in (before, during, after))
    assert store.find(run_on("during").spec) is not None


@pytest.mark.parametrize("jump", ["before 1970", "1970", "a year back", "an hour back"])
def test_what_was_deleted_while_the_clock_was_slow_can_be_had_back(store, monkeypatch, jump):
    """It would else be purged at once, where a clock has jumped on by more than seven days."""
    monkeypatch.setattr(store_module, "now", lambda: NOW)
    run_id = store.keep(run_on("a"))
    monkeypatch.setattr(store_module, "now", lambda: JUMPS[jump])
    store.delete([run_id])
    assert store.count(Query(deleted=True)) == 1
    store.restore([run_id])
    assert store.count() == 1


def test_seven_days_are_seven_days_of_the_clock(store, monkeypatch):
    monkeypatch.setattr(store_module, "now", lambda: NOW)
    run_id = store.keep(run_on("a"))
    store.delete([run_id])
    monkeypatch.setattr(store_module, "now", lambda: NOW + (DAYS_DELETED - 0.1) * DAY)
    store.delete([])
    store.restore([run_id])
    assert store.get(run_id) is not None
