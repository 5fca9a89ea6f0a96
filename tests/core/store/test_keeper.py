"""The keeper: a sweep never fails because its database does."""

import threading
import time
from dataclasses import replace
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from core.demo.example import saved, saved_layer_effects
from core.errors import StoreError
from core.jobs import Jobs, JobState
from core.spec.heads import Head
from core.store import connect
from core.store import keeper as keeper_module
from core.store.keeper import MAX_WAITING, Keeper
from core.store.rows import id_of
from core.store.run import Origin, Query
from core.store.store import Store
from core.store.sweeps import identity_of
from core.store.tables import RUNS
from core.sweep.task import SweepTask, result_of


class Moving:
    """A clock that only a test moves."""

    seconds = 100.0

    def monotonic(self):
        return self.seconds


@pytest.fixture
def clock(monkeypatch):
    moving = Moving()
    monkeypatch.setattr(keeper_module, "time", moving)
    return moving


class Faulty:
    """A way to a real store that can be shut."""

    def __init__(self, store):
        self.store, self.shut, self.tries = store, True, 0

    def __call__(self):
        self.tries += 1
        if self.shut:
            raise StoreError("The file is locked.")
        return self.store


@pytest.fixture
def faulty(sqlite_path):
    store = Store(f"sqlite:///{sqlite_path}")
    yield Faulty(store)
    store.close()


def retried(keeper):
    """Take the next chance, and wait for what is done in the background."""
    keeper.retry()
    if keeper._retrying is not None:
        keeper._retrying.join()


def name_of(result):
    return id_of(identity_of(result, Origin.COMPUTED))


def test_a_run_is_kept_and_found_again(clock, faulty, run_on):
    faulty.shut = False
    keeper = Keeper(faulty)
    result = run_on("a b")
    run_id = keeper.keep(result)
    assert (keeper.n_waiting, keeper.trouble) == (0, "")
    assert keeper.find(result.spec).id == run_id == name_of(result)
    assert keeper.keep(result, saved_layer_effects()) == run_id
    assert keeper.find(result.spec).layer_effects == saved_layer_effects()
    assert faulty.tries == 1


def test_what_cannot_be_written_waits_and_is_written_at_the_next_chance(clock, faulty, run_on):
    keeper = Keeper(faulty)
    one, two = run_on("a b"), run_on("a c")
    assert keeper.keep(one) == name_of(one)
    assert keeper.n_waiting == 1
    assert "locked" in keeper.trouble
    keeper.keep(two, saved_layer_effects())
    assert faulty.tries == 1  # it is left alone for a while: each try may wait for a lock
    faulty.shut = False
    retried(keeper)
    assert keeper.n_waiting == 2
    clock.seconds += keeper_module.AGAIN_SECONDS
    retried(keeper)
    assert (keeper.n_waiting, keeper.trouble) == (0, "")
    assert faulty.store.find(one.spec).result == one
    assert faulty.store.find(two.spec).layer_effects == saved_layer_effects()


def test_once_the_database_is_back_the_next_failure_is_said_at_once(
    clock, faulty, run_on, monkeypatch
):
    keeper = Keeper(faulty)
    keeper.keep(run_on("a b"))
    faulty.shut = False
    keeper.retry(now=True)
    monkeypatch.setattr(faulty.store, "keep", Mock(side_effect=StoreError("The disk is full.")))
    keeper.keep(run_on("a c"))
    assert (keeper.n_waiting, keeper.trouble) == (1, "The disk is full.")


def test_try_now_does_not_wait(clock, faulty, run_on):
    keeper = Keeper(faulty)
    keeper.keep(run_on("a b"))
    faulty.shut = False
    keeper.retry(now=True)
    assert (keeper.n_waiting, faulty.store.count()) == (0, 1)


def test_the_next_run_takes_those_that_wait_with_it(clock, faulty, run_on):
    keeper = Keeper(faulty)
    for n in range(3):
        keeper.keep(run_on(f"a {n}"))
    faulty.shut = False
    clock.seconds += keeper_module.AGAIN_SECONDS
    keeper.keep(run_on("a b"))
    assert (keeper.n_waiting, faulty.store.count()) == (0, 4)


def test_layer_effects_that_wait_are_not_lost_when_the_run_is_kept_again(clock, faulty, run_on):
    keeper, result = Keeper(faulty), run_on("a b")
    keeper.keep(result)
    keeper.keep(result, saved_layer_effects())
    keeper.keep(result)
    assert keeper.n_waiting == 1
    faulty.shut = False
    keeper.retry(now=True)
    assert faulty.store.find(result.spec).layer_effects == saved_layer_effects()


def test_without_a_database_nothing_is_found_and_nothing_raised(clock, faulty):
    keeper = Keeper(faulty)
    assert keeper.find(saved().spec) is None
    with pytest.raises(StoreError, match="locked"):
        keeper.ask(lambda store: store.count())
    faulty.shut = False
    assert keeper.ask(lambda store: store.count()) == 0


def test_a_database_that_kept_an_asker_waiting_in_vain_is_left_alone_for_a_while(clock, faulty):
    keeper = Keeper(faulty)
    faulty.shut = False

    def slow(_):
        clock.seconds += 2 * keeper_module.PATIENT_SECONDS
        raise StoreError("The database cannot be reached.")

    with pytest.raises(StoreError, match="reached"):
        keeper.ask(slow)
    with pytest.raises(StoreError, match="reached"):
        keeper.ask(lambda store: store.count())
    clock.seconds += keeper_module.AGAIN_SECONDS
    assert keeper.ask(lambda store: store.count()) == 0


@pytest.mark.slow
def test_memory_holds_so_many_and_no_more(clock, faulty, run_on):
    keeper = Keeper(faulty)
    for n in range(MAX_WAITING + 5):
        keeper.keep(run_on(f"a {n}"))
    assert keeper.n_waiting == MAX_WAITING
    faulty.shut = False
    keeper.retry(now=True)
    assert faulty.store.find(run_on(f"a {MAX_WAITING + 4}").spec) is not None


def test_numbers_that_no_file_can_hold_stop_neither_the_sweep_nor_the_others(clock, faulty, run_on):
    faulty.shut = False
    keeper = Keeper(faulty)
    heads = list(saved().heads)
    heads[0] = replace(heads[0], logprob_change=float("-inf"))
    endless = replace(run_on("a b"), heads=tuple(heads), _index={})
    keeper.keep(endless)
    layer_effects = replace(
        saved_layer_effects(), first_position={Head(0, 0): replace(heads[1], kl=float("nan"))}
    )
    keeper.keep(run_on("a c"), layer_effects)
    keeper.keep(run_on("a d"))
    assert (keeper.n_waiting, keeper.trouble) == (0, "")
    assert faulty.store.find(run_on("a d").spec) is not None
    assert faulty.store.find(endless.spec) is None


def test_a_run_that_its_database_refuses_holds_no_other_up(clock, faulty, run_on, monkeypatch):
    faulty.shut = False
    keeper, bad = Keeper(faulty), run_on("bad")
    keep = faulty.store.keep

    def picky(result, *rest):
        if result.spec == bad.spec:
            raise StoreError("The file failed (string or blob too big).")
        return keep(result, *rest)

    monkeypatch.setattr(faulty.store, "keep", picky)
    keeper.keep(bad)
    for n in range(3):
        keeper.keep(run_on(f"a {n}"))
    for _ in range(2):
        clock.seconds += keeper_module.AGAIN_SECONDS
        retried(keeper)
    assert keeper.n_waiting == 1
    assert faulty.store.count() == 3
    assert "too big" in keeper.trouble


def test_a_run_in_whose_place_a_newer_one_lies_is_not_silently_lost(clock, faulty, run_on):
    faulty.shut = False
    keeper = Keeper(faulty)
    run_id = keeper.keep(run_on("a b"))
    newer = sa.update(RUNS).values(schema_version=99, result=b"?")
    with faulty.store._writing() as connection:
        connection.execute(newer)
    assert keeper.keep(run_on("a b")) == run_id
    # It does not go on waiting: no later try would fare better.
    assert (keeper.n_waiting, keeper.trouble) == (0, "")
    assert f"{run_id} was kept by another Headsweep" in keeper.refusal(run_id)
    assert "export it" in keeper.refusal(run_id)
    with faulty.store._reading() as connection:
        assert connection.scalar(sa.select(RUNS.c.result)) == b"?"
    keeper.keep(run_on("a c"))  # the next is kept as ever
    assert faulty.store.find(run_on("a c").spec) is not None
    with faulty.store._writing() as connection:
        connection.execute(sa.delete(RUNS).where(RUNS.c.id == run_id))
    keeper.keep(run_on("a b"))
    assert keeper.refusal(run_id) == ""
    assert faulty.store.find(run_on("a b").spec) is not None


def test_read_only_keeps_nothing_and_holds_nothing(clock, sqlite_path, run_on):
    url = f"sqlite:///{sqlite_path}"
    kept = run_on("a b")
    Store(url).keep(kept)
    keeper = Keeper(lambda: Store(url, read_only=True))
    assert keeper.find(kept.spec).result == kept
    assert keeper.keep(run_on("a c"), saved_layer_effects()) == name_of(run_on("a c"))
    keeper.retry(now=True)
    assert (keeper.n_waiting, keeper.trouble) == (0, "")
    assert Store(url).count() == 1


@pytest.mark.slow
def test_a_database_that_is_locked_costs_its_wait_once_and_loses_nothing(
    sqlite_path, run_on, monkeypatch
):
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.5)
    url = f"sqlite:///{sqlite_path}"
    other, keeper = Store(url), Keeper(lambda: Store(url))
    keeper.store()
    with other._writing():
        began = time.monotonic()
        for n in range(4):
            keeper.keep(run_on(f"a {n}"))
        took = time.monotonic() - began
    assert 0.4 < took < 3
    assert keeper.n_waiting == 4
    assert "locked by another program" in keeper.trouble
    keeper.retry(now=True)
    assert (keeper.n_waiting, other.count()) == (0, 4)


def test_many_threads_keep_through_one_keeper(clock, faulty, run_on):
    keeper = Keeper(faulty)
    results = [run_on(f"a {n}") for n in range(24)]
    threads = [
        threading.Thread(target=lambda part=results[n::4]: [keeper.keep(r) for r in part])
        for n in range(4)
    ]
    for n, thread in enumerate(threads):
        thread.start()
        faulty.shut = n < 2
    for thread in threads:
        thread.join()
    keeper.retry(now=True)
    assert (keeper.n_waiting, faulty.store.count()) == (0, 24)


def test_a_sweep_is_done_though_its_database_is_not_there(demo, faulty):
    keeper = Keeper(faulty)
    jobs = Jobs(keeper=keeper)
    spec = replace(saved().spec, prompt="The quick brown fox")
    job = jobs.ask(SweepTask(spec), "cpu")
    assert job.wait(60.0)
    assert job.state is JobState.DONE, job.error
    assert keeper.n_waiting == 1
    faulty.shut = False
    keeper.retry(now=True)
    run = faulty.store.find(spec)
    assert (run.id, run.result) == (job.run_id, result_of(job))
    assert run.layer_effects is not None
    assert faulty.store.count(Query(text="brown fox")) == 1
