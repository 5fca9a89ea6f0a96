"""A read-only server beside one that writes: it shows what is kept by now, and never advises to
take away what the other is writing."""

import shutil
from pathlib import Path

import pytest
from support.disks import seen_read_only

from core.errors import StoreError
from core.store import keeper as keeper_module
from core.store.keeper import Keeper
from core.store.store import Store

N_RUNS = 30
"""Enough for the log to be played into the file in between."""


def read(path: Path) -> Store:
    return Store(f"sqlite:///{path}", read_only=True)


def write(path: Path, run_on, prompts) -> Store:
    """A store that has kept runs and is still open, as a server's is."""
    store = Store(f"sqlite:///{path}")
    for prompt in prompts:
        store.keep(run_on(prompt))
    return store


def check_follows(reader: Store, n_runs: int) -> None:
    assert reader.count() == n_runs
    found = reader.listed(most=1000)
    assert len(found) == n_runs
    assert all(reader.get(run.id) is not None for run in found[:: max(1, n_runs // 5)])


@pytest.mark.slow
def test_a_reader_of_a_folder_that_it_may_not_write_follows_the_writer(tmp_path, run_on):
    """As a container does that is given the folder read-only."""
    folder, seen = tmp_path / "data", tmp_path / "seen"
    path = folder / "runs.sqlite3"
    write(path, run_on, ["a"]).close()
    with seen_read_only(folder, seen):
        reader = read(seen / path.name)
        check_follows(reader, 1)
        writer = write(path, run_on, (f"b {n}" for n in range(N_RUNS)))
        check_follows(reader, 1 + N_RUNS)
        writer.close()
        check_follows(reader, 1 + N_RUNS)
        writer = write(path, run_on, ["c"])
        check_follows(reader, 2 + N_RUNS)
        check_follows(read(seen / path.name), 2 + N_RUNS)
        writer.delete([run.id for run in writer.listed(most=10)])
        check_follows(reader, N_RUNS - 8)
        writer.close()
        reader.close()


def test_a_reader_follows_a_writer_that_comes_back_after_a_kill(tmp_path, run_on):
    """What a killed writer leaves, its log and no index, is read by whoever is alone with it."""
    folder, seen, killed = tmp_path / "data", tmp_path / "seen", tmp_path / "killed"
    killed.mkdir()
    writer = write(folder / "runs.sqlite3", run_on, ["a", "b"])
    for end in ("", "-wal"):
        shutil.copy(f"{folder / 'runs.sqlite3'}{end}", f"{killed / 'runs.sqlite3'}{end}")
    writer.close()
    with seen_read_only(killed, seen):
        reader = read(seen / "runs.sqlite3")
        check_follows(reader, 2)
        writer = write(killed / "runs.sqlite3", run_on, ["c", "d"])
        check_follows(reader, 4)
        writer.close()
        check_follows(reader, 4)
        reader.close()


def test_a_reader_of_a_folder_of_its_own_follows_too(tmp_path, run_on):
    path = tmp_path / "data" / "runs.sqlite3"
    write(path, run_on, ["a"]).close()
    reader = read(path)
    check_follows(reader, 1)
    for n in range(3):
        writer = write(path, run_on, [f"b {n}"])
        check_follows(reader, 2 + n)
        writer.close()
    reader.close()


def test_a_database_that_is_made_after_its_reader_was_started_is_found(
    tmp_path, run_on, monkeypatch
):
    monkeypatch.setattr(keeper_module, "AGAIN_SECONDS", 0.0)
    path = tmp_path / "data" / "runs.sqlite3"
    keeper = Keeper(lambda: read(path))
    assert keeper.ask(lambda store: store.count()) == 0
    assert not path.exists()
    write(path, run_on, ["a"]).close()
    assert keeper.ask(lambda store: store.count()) == 1


@pytest.mark.parametrize("raw", [b"x", b"SQLite format 3\0" + b"\xff" * 5000])
def test_whoever_only_reads_is_never_told_to_move_the_file_away(tmp_path, raw):
    path = tmp_path / "runs.sqlite3"
    path.write_bytes(raw)
    with pytest.raises(StoreError, match="damaged, or no database, or is being written") as caught:
        read(path)
    assert "move it away" not in str(caught.value)
    with pytest.raises(StoreError, match="Stop every Headsweep that uses it"):
        Store(f"sqlite:///{path}")
