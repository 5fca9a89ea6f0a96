"""What a database throws: each trouble under its own name, once."""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from core.errors import StoreError
from core.store import errors
from core.store.errors import DAMAGED_TO_A_READER, READS, store_errors

FILE = sa.create_engine("sqlite:////data/runs.sqlite3")
SERVER = sa.create_engine("postgresql+psycopg://me:secret@host/headsweep")
NAMES = {
    "full": "is on a disk that is full",
    "locked": "is locked by another program",
    "read-only": "it or its folder is read-only",
    "shut": "check its folder and its permissions",
    "memory": "for want of memory",
    "damaged": "is damaged, or no database",
    "not ours": "lacks tables or columns",
    "away": "cannot be reached",
    "no room for more": "has no connection left",
    "refused": "refuses the user or password",
}


def said_of(error: BaseException, engine: sa.Engine = FILE) -> str:
    with pytest.raises(StoreError) as caught, store_errors(engine):
        raise error
    return str(caught.value)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (sqlite3.OperationalError("database or disk is full"), "full"),
        (sqlite3.OperationalError("database is locked"), "locked"),
        (sqlite3.OperationalError("database table is locked: runs"), "locked"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "read-only"),
        (sqlite3.OperationalError("unable to open database file"), "shut"),
        (MemoryError(), "memory"),
        (sqlite3.OperationalError("out of memory"), "memory"),
        (sqlite3.DatabaseError("database disk image is malformed"), "damaged"),
        (sqlite3.DatabaseError("file is not a database"), "damaged"),
        (sqlite3.OperationalError("no such column: runs.notes"), "not ours"),
    ],
)
def test_each_trouble_of_a_file_has_its_own_name(error, name):
    said = said_of(error)
    assert [each for each, words in NAMES.items() if words in said] == [name]
    assert said.count(NAMES[name]) == said.count("/data/runs.sqlite3") == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('could not extend file "base/5/1": No space left on device', "full"),
        ("canceling statement due to lock timeout", "locked"),
        ("out of memory DETAIL: Failed on request of size 8192", "memory"),
        ("FATAL: sorry, too many clients already", "no room for more"),
        ("FATAL: remaining connection slots are reserved for superusers", "no room for more"),
        ('FATAL: password authentication failed for user "me"', "refused"),
        ("connection to server on socket failed: Connection refused", "away"),
        ("terminating connection due to administrator command", "away"),
        ("server closed the connection unexpectedly", "away"),
        ("the database system is starting up", "away"),
        ("the database system is in recovery mode", "away"),
    ],
)
def test_each_trouble_of_a_server_has_its_own_name(text, name):
    thrown = sa.exc.OperationalError("SELECT 1", {}, psycopg.OperationalError(text))
    said = said_of(thrown, SERVER)
    assert [each for each, words in NAMES.items() if words in said] == [name]
    assert "secret" not in said


@pytest.mark.parametrize(("free", "name"), [(0, "full"), (10**9, "shut")])
def test_a_full_disk_that_sqlite_calls_an_input_error_is_said_to_be_full(free, name, monkeypatch):
    told = type("Usage", (), {"free": free})
    monkeypatch.setattr(errors.shutil, "disk_usage", lambda _: told)
    assert NAMES[name] in said_of(sqlite3.OperationalError("disk I/O error"))


def test_whoever_only_reads_is_told_that_another_may_be_writing():
    reading = FILE.execution_options(**{READS: True})
    said = said_of(sqlite3.DatabaseError("database disk image is malformed"), reading)
    assert said.endswith(DAMAGED_TO_A_READER)
