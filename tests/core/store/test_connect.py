"""What is no database of ours says so at once, and keeps every byte of what it is."""

import os
import shutil
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from support.disks import small_disk

from core.errors import StoreError
from core.store import connect
from core.store.connect import default_url, place_of
from core.store.run import Query
from core.store.store import Store

PAGE = 4096


@pytest.fixture
def path(sqlite_path: Path) -> Path:
    sqlite_path.parent.mkdir()
    return sqlite_path


@pytest.fixture
def filled(path, run_on) -> Path:
    """A database of six runs, all of it in its file."""
    store = Store(f"sqlite:///{path}")
    for n in range(6):
        store.keep(run_on(f"a {n}"))
    store.close()
    assert not path.with_name(f"{path.name}-wal").exists()
    return path


def refused(path, said, seconds=2.0):
    """Opening fails in time, with a sentence; the file is what it was."""
    before = path.read_bytes() if path.is_file() else None
    for read_only in (False, True):
        began = time.monotonic()
        with pytest.raises(StoreError, match=said) as caught:
            Store(f"sqlite:///{path}", read_only=read_only)
        assert time.monotonic() - began < seconds
        assert str(path) in str(caught.value)
    if before is not None:
        assert path.read_bytes() == before
        assert [each.name for each in path.parent.iterdir()] == [path.name]


# Damage


@pytest.mark.parametrize("raw", [b"x", b"some text\n" * 500, b"SQLite format 3\0", b"\0" * 8192])
def test_a_file_that_is_no_database_is_left_as_it_is(path, raw):
    path.write_bytes(raw)
    refused(path, "damaged, or no database")


@pytest.mark.parametrize("kept", [PAGE, 3 * PAGE, -PAGE, -1, PAGE // 2, 100])
def test_a_truncated_database_is_left_as_it_is(filled, kept):
    filled.write_bytes(filled.read_bytes()[:kept])
    refused(filled, "damaged, or no database")


def test_a_database_without_its_first_page_is_left_as_it_is(filled):
    filled.write_bytes(b"\0" * PAGE + filled.read_bytes()[PAGE:])
    refused(filled, "damaged, or no database")


def tried(use):
    """What comes of it, and what the `StoreError` says if it is one."""
    try:
        return use(), ""
    except StoreError as error:
        return None, str(error)


@pytest.mark.slow
def test_a_zeroed_page_anywhere_is_a_sentence_and_is_never_written_over(filled, run_on):
    whole = filled.read_bytes()
    failed = 0
    for page in range(1, len(whole) // PAGE):
        filled.write_bytes(whole[: page * PAGE] + b"\0" * PAGE + whole[(page + 1) * PAGE :])
        store, said = tried(lambda: Store(f"sqlite:///{filled}"))
        if store is None:
            assert "damaged" in said
            failed += 1
            continue
        for use in (
            store.listed,
            store.filter_choices,
            lambda s=store: s.count(Query(text="a")),
            *(lambda s=store, n=n: s.find(run_on(f"a {n}").spec) for n in range(6)),
            lambda s=store: s.keep(run_on("another")),
        ):
            _, said = tried(use)
            assert not said or "damaged" in said
            failed += bool(said)
        store.close()
        after = filled.read_bytes()
        assert after[page * PAGE : (page + 1) * PAGE] == b"\0" * PAGE
    assert failed > 10


def test_an_empty_file_becomes_a_database(path, run_on):
    path.touch()
    store = Store(f"sqlite:///{path}")
    store.keep(run_on("a b"))
    assert store.count() == 1


# Others' databases


@pytest.mark.parametrize("mode", ["delete", "wal"])
@pytest.mark.parametrize("table", ["notes (a)", "runs (id)", "headsweep (a)",
                                   "headsweep (name, value)"])  # fmt: skip
def test_another_program_s_tables_are_left_as_they_are(path, table, mode):
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA journal_mode={mode}")
        other.execute(f"CREATE TABLE {table}")
        other.commit()
    refused(path, "another program's tables|lacks tables|no version that is known")


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("4", "newer Headsweep .schema 4, this one reads 3"),
        ("999999999", "newer"),
        (4, "newer"),
        ("9" * 5000, "no version that is known"),
        ("0", "no version that is known"),
        ("one", "no version that is known"),
        ("", "no version that is known"),
        ("²", "no version that is known"),
        (b"\0\1", "no version that is known"),
        (None, "no version that is known"),
    ],
)
def test_another_version_is_left_as_it_is(filled, version, said):
    with closing(sqlite3.connect(filled)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("DROP TABLE headsweep")
        other.execute("CREATE TABLE headsweep (name, value)")
        other.execute("INSERT INTO headsweep VALUES ('schema', ?)", [version])
        other.commit()
    refused(filled, said)


def test_a_table_that_lost_a_column_says_so(filled):
    with closing(sqlite3.connect(filled)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("ALTER TABLE runs DROP COLUMN notes")
        other.commit()
    refused(filled, "lacks tables or columns")


def test_a_copy_that_is_no_longer_in_wal_mode_is_ours_again(filled, tmp_path, run_on):
    copy = tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(filled)) as other:
        other.execute("VACUUM INTO ?", [str(copy)])
    store = Store(f"sqlite:///{copy}")
    store.keep(run_on("new"))
    assert store.count() == 7
    with closing(sqlite3.connect(copy)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# Logs


def left_by_a_kill(path: Path, statement: str) -> dict[str, bytes]:
    """Leave a file and its log as a killed writer leaves them; what both are."""
    before = path.with_name("before")
    path.rename(before)
    with closing(sqlite3.connect(before)) as other:
        assert other.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
        other.execute(statement)
        other.commit()
        for name in ("", "-wal"):
            shutil.copy(f"{before}{name}", f"{path}{name}")
    before.unlink()
    return files(path)


def files(path: Path) -> dict[str, bytes]:
    """A file and its log; the log's index is nobody's data."""
    return {
        each.name: each.read_bytes() for each in path.parent.iterdir() if "-shm" not in each.name
    }


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_database_with_a_log_is_left_as_it_is_like_its_log(filled, read_only):
    before = left_by_a_kill(filled, "UPDATE headsweep SET value = '4'")
    assert len(before) == 2
    assert b"schema4" not in before[filled.name], "what is newer of it is in its log"
    for _ in range(2):
        with pytest.raises(StoreError, match=r"newer Headsweep .schema 4"):
            Store(f"sqlite:///{filled}", read_only=read_only)
        assert files(filled) == before


def test_reading_only_plays_no_log_in(filled):
    before = left_by_a_kill(filled, "UPDATE runs SET title = 'in the log'")
    store = Store(f"sqlite:///{filled}", read_only=True)
    assert {run.label.title for run in store.listed()} == {"in the log"}
    store.close()
    assert files(filled) == before
    store = Store(f"sqlite:///{filled}")
    assert {run.label.title for run in store.listed()} == {"in the log"}
    store.close()


def test_reading_only_leaves_nothing_beside_a_file_without_a_log(filled):
    before = filled.read_bytes()
    store = Store(f"sqlite:///{filled}", read_only=True)
    assert store.count() == 6
    with pytest.raises(StoreError), store._reading() as connection:
        connection.execute(sa.text("UPDATE runs SET title = 'x'"))
    store.close()
    assert filled.read_bytes() == before
    assert [each.name for each in filled.parent.iterdir()] == [filled.name]


def test_a_log_on_a_disk_that_takes_no_writing_is_read_too(tmp_path, filled):
    left_by_a_kill(filled, "UPDATE runs SET title = 'in the log'")
    disk = tmp_path / "disk"
    with small_disk(disk):
        for each in ("", "-wal"):
            shutil.copy(f"{filled}{each}", f"{disk / filled.name}{each}")
        before = files(disk / filled.name)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        store = Store(f"sqlite:///{disk / filled.name}", read_only=True)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: {r.label.title for r in store.listed()}, range(8)))
        assert found == [{"in the log"}] * 8
        store.close()
        assert files(disk / filled.name) == before


# Places


@pytest.mark.parametrize(
    ("put", "what"),
    [(Path.mkdir, "a folder"), (os.mkfifo, "a device or pipe")],
)
def test_no_file_in_the_file_s_place(path, put, what):
    put(path)
    refused(path, f"cannot be opened: {what} lies in its place")


def test_a_device_is_no_database():
    refused(Path(os.devnull), "a device or pipe lies in its place")


@pytest.mark.parametrize("inner", ["runs.sqlite3", "deeper/runs.sqlite3"])
def test_a_file_in_a_folder_s_place(tmp_path, inner):
    blocking = tmp_path / "data"
    blocking.write_text("mine")
    with pytest.raises(StoreError, match="HEADSWEEP_DATA_DIR"):
        Store(f"sqlite:///{blocking / inner}")
    assert blocking.read_text() == "mine"


@pytest.mark.parametrize("name", ["~nobodyhere/x", "x" * 5000])
def test_a_place_that_no_system_has(name):
    for read_only in (False, True):
        with pytest.raises(StoreError, match="HEADSWEEP_DATA_DIR"):
            Store(f"sqlite:///{name}", read_only=read_only)


def test_a_folder_whose_name_is_no_unicode_is_refused_or_used(tmp_path):
    folder = tmp_path / os.fsdecode(b"a\xffb")
    with pytest.raises(StoreError, match="not UTF-8: set HEADSWEEP_DATA_DIR"):
        default_url(folder)
    url = f"sqlite:///{folder / 'runs.sqlite3'}"
    assert [Store(url, read_only=read_only).count() for read_only in (False, True)] == [0, 0]


def test_a_postgresql_url_that_is_no_unicode_is_a_sentence():
    with pytest.raises(StoreError, match="no Unicode text") as caught:
        Store(f"postgresql://me:{SECRET}\udcff@localhost:1/x")
    assert SECRET not in str(caught.value)


def test_any_folder_s_name_will_do(tmp_path):
    folder = tmp_path / "50%20 of? #1 @home: a&b=c, é 'q' \"d\" \\"
    Store(default_url(folder)).close()
    assert (folder / "runs.sqlite3").is_file()


def test_a_disk_that_takes_no_writing(tmp_path, filled):
    disk = tmp_path / "disk"
    with small_disk(disk):
        shutil.copy(filled, disk / "runs.sqlite3")
        before = (disk / "runs.sqlite3").read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(StoreError, match="cannot be opened or written"):
            Store(f"sqlite:///{disk / 'runs.sqlite3'}")
        with pytest.raises(StoreError, match=r"cannot be opened|HEADSWEEP_DATA_DIR"):
            Store(f"sqlite:///{disk / 'new' / 'runs.sqlite3'}")
        # Read-only is what such a disk is for: a demo whose runs came with it.
        store = Store(f"sqlite:///{disk / 'runs.sqlite3'}", read_only=True)
        assert len(store.listed()) == 6
        store.close()
        assert (disk / "runs.sqlite3").read_bytes() == before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_disk_with_no_room_for_its_index_is_said_to_be_full(tmp_path, filled, read_only):
    disk = tmp_path / "disk"
    with small_disk(disk, size="200k"):
        shutil.copy(filled, disk / "runs.sqlite3")
        with (disk / "rest").open("wb", buffering=0) as rest, suppress(OSError):
            while True:
                rest.write(bytes(PAGE))
        with pytest.raises(StoreError, match="disk that is full: free some space"):
            Store(f"sqlite:///{disk / 'runs.sqlite3'}", read_only=read_only)
        (disk / "rest").unlink()
        assert Store(f"sqlite:///{disk / 'runs.sqlite3'}").count() == 6


def keep_until_refused(store, run_on, kept) -> str:
    """Keep runs until the database takes no more; what it says then."""
    for n in range(500):
        run_id, said = tried(lambda n=n: store.keep(run_on(f"a {n}")))
        if run_id is None:
            return said
        kept.append(run_id)
    return ""


@pytest.mark.slow
def test_a_disk_that_is_full_loses_no_kept_run(tmp_path, run_on):
    disk = tmp_path / "disk"
    with small_disk(disk):
        store, kept = Store(f"sqlite:///{disk / 'runs.sqlite3'}"), []
        said = keep_until_refused(store, run_on, kept)
        assert "disk that is full" in said or "cannot be opened or written" in said
        assert len(kept) > 5
        assert {each.id for each in store.listed(most=500)} == set(kept)
        with suppress(StoreError):  # the next try is no better, and does no harm
            store.keep(run_on("more"))
        assert all(store.get(run_id) for run_id in kept)
        store.close()


def test_a_database_that_may_not_grow_keeps_what_it_has(path, run_on):
    store = Store(f"sqlite:///{path}")
    kept = []

    @sa.event.listens_for(store._engine, "begin")
    def small(connection):
        connection.exec_driver_sql("PRAGMA max_page_count=14")

    assert "disk that is full: free some space" in keep_until_refused(store, run_on, kept)
    assert store.count() == len(kept)
    assert all(store.get(run_id) for run_id in kept)


# Locks


def test_another_who_writes_while_it_is_opened_for_the_first_time_is_waited_for(filled):
    with closing(sqlite3.connect(filled, isolation_level=None)) as writer:
        # As it is between the making of the tables and the first switch to a log.
        assert writer.execute("PRAGMA journal_mode=DELETE").fetchall() == [("delete",)]
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE runs SET title = 'x'")
        with ThreadPoolExecutor(1) as pool:
            opened = pool.submit(Store, f"sqlite:///{filled}")
            with pytest.raises(TimeoutError):
                opened.result(0.2)
            writer.execute("COMMIT")
            store = opened.result(connect.BUSY_SECONDS)
    assert len(store.listed()) == 6
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("hold", ["BEGIN EXCLUSIVE", "PRAGMA locking_mode=EXCLUSIVE"])
def test_a_locked_database_says_so_within_seconds(filled, hold, monkeypatch):
    assert 1 <= connect.BUSY_SECONDS <= 5
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.5)
    before = filled.read_bytes()
    with closing(sqlite3.connect(filled, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute(hold)
        other.execute("BEGIN EXCLUSIVE" if hold.startswith("PRAGMA") else "SELECT 1")
        began = time.monotonic()
        with pytest.raises(StoreError, match="locked by another program"):
            Store(f"sqlite:///{filled}")
        assert time.monotonic() - began < 3
        with suppress(sqlite3.OperationalError):
            other.execute("ROLLBACK")
    assert filled.read_bytes()[PAGE:] == before[PAGE:]
    assert Store(f"sqlite:///{filled}").count() == 6


def test_a_reader_waits_for_no_writer(filled, run_on):
    store, other = (Store(f"sqlite:///{filled}") for _ in range(2))
    with other._writing() as connection:
        connection.execute(sa.text("UPDATE runs SET title = 'x'"))
        began = time.monotonic()
        assert len(store.listed()) == 6
        assert store.find(run_on("a 1").spec) is not None
        assert time.monotonic() - began < 1


# PostgreSQL


def postgresql_refused(url, said, seconds=2.0):
    began = time.monotonic()
    with pytest.raises(StoreError, match=said) as caught:
        Store(url)
    assert time.monotonic() - began < seconds
    assert "secret" not in str(caught.value)


def with_user(url, user):
    return url.replace("headsweep@", f"{user}@")


def test_postgresql_says_what_is_wrong_with_its_url(postgresql_url):
    postgresql_refused(with_user(postgresql_url, "nobody:secret"), "refuses the user or password")
    postgresql_refused(postgresql_url.replace("/postgres", "/absent"), "'absent' is not there")
    postgresql_refused("postgresql://me:secret@localhost:1/x", "cannot be reached", 6)
    postgresql_refused("postgresql://me:secret@host.invalid/x", "cannot be reached", 10)


def test_a_postgresql_user_who_may_not_make_tables(postgresql_url):
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute("DROP ROLE IF EXISTS guest")
        server.execute("CREATE ROLE guest LOGIN")
    postgresql_refused(with_user(postgresql_url, "guest:secret"), "does not let its user")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("CREATE TABLE runs (id int)", "another program's tables"),
        ("CREATE TABLE headsweep (a int)", "lacks tables or columns"),
        ("CREATE TABLE headsweep (name text, value text)", "no version that is known"),
        (
            "CREATE TABLE headsweep (name text, value text); "
            "INSERT INTO headsweep VALUES ('schema', '4')",
            "newer Headsweep",
        ),
        (
            "CREATE TABLE headsweep (name text, value text); "
            "INSERT INTO headsweep VALUES ('schema', '1')",
            "lacks tables or columns",
        ),
    ],
)
def test_another_s_tables_in_postgresql_are_left_as_they_are(postgresql_url, made, said):
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(made)
        before = server.execute("SELECT * FROM information_schema.columns "
                                "WHERE table_schema = 'public'").fetchall()  # fmt: skip
        postgresql_refused(postgresql_url, said)
        assert before == server.execute("SELECT * FROM information_schema.columns "
                                        "WHERE table_schema = 'public'").fetchall()  # fmt: skip


def test_tables_of_another_name_may_live_beside_ours_in_postgresql(postgresql_url, run_on):
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute("CREATE TABLE notes (a int)")
    store = Store(postgresql_url)
    store.keep(run_on("a b"))
    assert store.count() == 1
    store.close()


def test_a_lock_in_postgresql_is_waited_for_some_seconds(postgresql_url, run_on, monkeypatch):
    monkeypatch.setattr(connect, "BUSY_SECONDS", 1.0)
    store = Store(postgresql_url)
    with psycopg.connect(postgresql_url) as other:
        other.execute("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(StoreError, match="locked by another program"):
            store.keep(run_on("a b"))
        assert time.monotonic() - began < 3
    store.keep(run_on("a b"))
    assert store.count() == 1
    store.close()


def test_a_server_that_was_started_anew_is_used_again(postgresql_url, run_on):
    store = Store(postgresql_url)
    store.keep(run_on("a b"))
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
    store.keep(run_on("a c"))
    assert store.count() == 2
    store.close()


# URLs

SECRET = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "", SECRET, f"postgresql://me:{SECRET}", f"postgresql://me:{SECRET}@host:port/x",
        f"mysql://me:{SECRET}@host/x", f"postgresql://me:a@{SECRET}@host/x",
        f"postgresql://me:a@b/{SECRET}@host/x", "sqlite://", "sqlite:///", "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true", f"sqlite:///x?timeout={SECRET}",
        f"oracle://me:{SECRET}@host/x", f"nonsense+nonsense://me:{SECRET}@host/x",
    ],
)  # fmt: skip
def test_a_url_that_is_none_says_how_it_is_written_and_shows_no_password(
    url, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="postgresql://user:password@host/name") as caught:
        Store(url)
    assert SECRET not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_place_of_a_database_is_told_without_its_password():
    told = place_of(f"postgres://me:{SECRET}@host:5433/x?password={SECRET}")
    assert told == "postgresql+psycopg://me:***@host:5433/x"
    assert place_of("sqlite:////a/b c.sqlite3") == "/a/b c.sqlite3"


def test_no_password_is_in_what_a_database_throws():
    url = f"postgresql://me:{SECRET}@localhost:1/x?application_name={SECRET}"
    with pytest.raises(StoreError) as caught:
        Store(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_whose_target_is_away_is_said_and_nothing_is_made_there(tmp_path, linked):
    """A disk that is not mounted: an empty database in its place would hide the runs on it."""
    away = tmp_path / "disk"
    if linked == "file":
        (tmp_path / "runs.sqlite3").symlink_to(away / "runs.sqlite3")
        path = tmp_path / "runs.sqlite3"
    else:
        (tmp_path / "data").symlink_to(away)
        path = tmp_path / "data" / "runs.sqlite3"
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"cannot be had.*leads nowhere"):
            Store(f"sqlite:///{path}", read_only=read_only)
    assert not away.exists()
