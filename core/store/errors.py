"""What a database throws, as a `StoreError` with a sentence that says what to do."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import StoreError

_ROOM = 65_536
"""Bytes that a write of ours takes at least: a few pages, and as much of the log."""
_LOCKED = (
    ("locked", "busy", "lock timeout", "deadlock"),
    "is locked by another program: close that one, and try again.",
)
READS = "headsweep_reads"
"""The execution option of an engine that only reads: another program may write what it reads."""
DAMAGED = (
    "is damaged, or no database: it is left as it is. Stop every Headsweep that uses it. Put a "
    "copy of it back, or move it away and a new one is made."
)
DAMAGED_TO_A_READER = (
    "is damaged, or no database, or is being written by another program at this moment: it is left "
    "as it is. Try again; where that does not help, ask whoever runs the Headsweep that writes it."
)
_FULL = (
    ("disk is full", "no space", "disk full", "sqlite_ioerr_shmsize"),
    "is on a disk that is full: free some space.",
)
_NO_MEMORY = (
    ("out of memory", "memoryerror", "cannot allocate memory"),
    "could not be read or written for want of memory: it is unchanged. Close other programs, and "
    "try again.",
)
_NOT_OURS = (
    ("no such column", "no such table", "does not exist"),
    "lacks tables or columns of Headsweep's: it is left as it is. Put a copy of it back, or set "
    "HEADSWEEP_DATABASE_URL to another database.",
)
# What the drivers say in their errors, and what that means; the first that fits is said.
_SQLITE = (
    _LOCKED,
    _FULL,
    _NO_MEMORY,
    (("not a database", "malformed", "corrupt", "could not decode"), DAMAGED),
    (
        ("readonly", "read-only", "permission denied"),
        "cannot be opened or written: it or its folder is read-only for this program. Change that, "
        "or set HEADSWEEP_DATA_DIR to another folder.",
    ),
    (
        ("unable to open", "disk i/o"),
        "cannot be opened or written: check its folder and its permissions, or set "
        "HEADSWEEP_DATA_DIR to another one.",
    ),
    _NOT_OURS,
)
_POSTGRESQL = (
    _LOCKED,
    _FULL,
    _NO_MEMORY,
    (
        ("too many clients", "remaining connection slots", "too many connections"),
        "has no connection left: close another program that uses it, and try again.",
    ),
    (
        ("password", "authentication", "role", "pg_hba"),
        "refuses the user or password of its URL: check HEADSWEEP_DATABASE_URL.",
    ),
    (
        ("permission denied", "read-only", "no schema has been selected"),
        "does not let its user make or write tables: grant that, or set HEADSWEEP_DATABASE_URL "
        "to another one.",
    ),
    (
        ("failed: fatal: database", 'fatal: database "'),
        "is not there: make it on its server (createdb), or check HEADSWEEP_DATABASE_URL.",
    ),
    (
        (
            *("connection", "resolve", "could not translate", "refused", "timeout"),
            *("shutting down", "starting up", "recovery mode"),
        ),
        "cannot be reached: check HEADSWEEP_DATABASE_URL, and that its server runs.",
    ),
    _NOT_OURS,
)


@contextlib.contextmanager
def store_errors(engine: sa.Engine) -> Iterator[None]:
    """Turns what a database throws into a `StoreError` that says what to do."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, MemoryError) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        # "disk I/O error" is all that SQLite says of many things; their names tell them apart.
        name = getattr(cause, "sqlite_errorname", "") or type(cause).__name__
        said = _sentence(engine.url, " ".join(str(cause).split()), name)
        if engine.get_execution_options().get(READS):
            said = said.replace(DAMAGED, DAMAGED_TO_A_READER)
        raise StoreError(said) from error
    except UnicodeEncodeError as error:  # of a driver, before it asks its database
        raise StoreError(
            f"{named(engine.url)} can be neither called nor asked for what is no Unicode text: "
            "write it anew."
        ) from error


def named(url: URL) -> str:
    """A database as a sentence begins with it; never with its password."""
    kind = "The database" if url.get_backend_name() != "sqlite" else "The file"
    return f"{kind} {url.database!r}"


def _has_no_room(url: URL) -> bool:
    """Whether a file's disk is full: SQLite's word for that is often "disk I/O error" alone."""
    try:
        return shutil.disk_usage(Path(url.database or "").parent).free < _ROOM
    except OSError:
        return False


def _sentence(url: URL, text: str, name: str) -> str:
    """What went wrong, by what the drivers say of it and SQLite calls it."""
    where, low = named(url), f"{text} {name}".lower()
    if "disk i/o" in low and _has_no_room(url):
        return f"{where} {_FULL[1]}"
    for signs, said in _SQLITE if url.get_backend_name() == "sqlite" else _POSTGRESQL:
        if any(sign in low for sign in signs):
            return f"{where} {said}"
    return f"{where} failed ({text[:160]})."
