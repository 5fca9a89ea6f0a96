"""A database server that is killed, or stands still: nothing is lost, and nobody waits for ever."""

import random
import signal
import threading
import time
from pathlib import Path

import pytest
from support.absent import absent
from support.postgres import Server, programs, server

from core.errors import StoreError
from core.store import connect, postgresql_server
from core.store.keeper import Keeper
from core.store.store import Store

KILLS = 3

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="kills as Linux does"),
]


@pytest.fixture(scope="module")
def database():
    if programs() is None:
        absent("no PostgreSQL on this machine: install Debian's package postgresql")
    with server() as made:
        yield made


def test_a_server_killed_while_it_writes_loses_no_run(database: Server, run_on, tried):
    keeper = Keeper(lambda: Store(database.url))
    kept: list[str] = []
    ends = threading.Event()

    def write():
        for n in range(100_000):
            while keeper.n_waiting > 20 and not ends.is_set():
                time.sleep(0.05)
            if ends.is_set():
                return
            kept.append(keeper.keep(run_on(f"killed {n}")))

    writer = threading.Thread(target=write)
    writer.start()
    moments = random.Random()  # drawn anew in each run: it is promised of all of them
    try:
        for _ in range(KILLS):
            before = len(kept)
            while len(kept) < before + 3:
                time.sleep(0.005)
            time.sleep(moments.uniform(0, 0.05))
            database.kill()
            database.start()
            keeper.retry(now=True)
            tried()
    finally:
        ends.set()
        writer.join()
    keeper.retry(now=True)
    assert (keeper.n_waiting, keeper.n_lost) == (0, 0)
    assert set(kept) <= {run.id for run in keeper.store().listed(most=100_000)}
    keeper.store().close()


def test_a_server_that_stands_still_is_said_to_be_away_in_time(
    database: Server, run_on, monkeypatch, tried
):
    monkeypatch.setattr(postgresql_server, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(connect, "BUSY_SECONDS", 2.0)  # the driver waits no less for a connection
    store = Store(database.url)
    store.keep(run_on("before"))
    n_before = store.count()
    database.signal(signal.SIGSTOP)
    try:
        for use in (store.count, lambda: store.keep(run_on("frozen")), store.listed):
            began = time.monotonic()
            with pytest.raises(StoreError, match="cannot be reached"):
                use()
            # An answer, then a connection to each address of the name: 1 + 2 x 2 seconds.
            assert time.monotonic() - began < 15
            tried()
    finally:
        database.signal(signal.SIGCONT)
    until = time.monotonic() + 20
    while store.count() < n_before and time.monotonic() < until:
        time.sleep(0.1)
    store.keep(run_on("after"))
    assert {"before", "after"} <= {run.prompt for run in store.listed(most=100_000)}
    store.close()
