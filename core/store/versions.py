"""The version of a database's tables: made where there are none, brought up to date where older.

Either happens in one transaction, so that a process killed at any instant leaves what was there.
Of several that open one database at once, one does it and the others wait.
"""

from pathlib import Path

import sqlalchemy as sa

from core.errors import StoreError
from core.store.backup import back_up
from core.store.errors import named, store_errors
from core.store.migrations import upgrade
from core.store.postgresql_server import be_patient
from core.store.tables import ABOUT, METADATA, RUNS, SEEN, VERSION, runs_of

MIGRATING_SECONDS = 60.0
"""How long one waits while another brings the database up to date: a copy of it may be large."""
_MAKING = 4_711_031
"""The number of the PostgreSQL lock under which the tables are made and changed."""


def version_in(engine: sa.Engine) -> int | None:
    """The version of a database's tables, this one's or older; None where it has none.

    Raises `StoreError` where others' tables are there, or a newer Headsweep's.
    """
    with engine.connect() as connection:
        return version_of(connection)


def version_of(connection: sa.Connection) -> int | None:
    """`version_in`, in a transaction under way."""
    there = set(sa.inspect(connection).get_table_names())
    if ABOUT.name in there:
        return _checked_version(connection)
    if RUNS.name in there or (there and connection.dialect.name == "sqlite"):
        shown = ", ".join(sorted(map(str, there))[:3])
        raise StoreError(
            f"{named(connection.engine.url)} holds another program's tables ({shown}): it is left "
            "as it is. Set HEADSWEEP_DATABASE_URL to a database for Headsweep alone."
        )
    return None


def make(engine: sa.Engine) -> None:
    """Make the tables in an empty database."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        _take_turn(connection)
        if version_of(connection) is not None:  # another process has made them meanwhile
            return
        METADATA.create_all(connection)
        connection.execute(sa.insert(ABOUT).values(name="schema", value=str(VERSION)))


def bring_up(engine: sa.Engine) -> None:
    """Bring an older database to this version, or leave it exactly as it is; raises `StoreError`.

    An SQLite file is copied first. A server's database is not: its operator has means of their own.
    """
    if version_in(engine) == VERSION:
        return
    copy: Path | None = None
    waiting = {"writes": True, "waits": MIGRATING_SECONDS}
    try:
        # What a full disk says is told apart before the copy's removal makes room on it again.
        with store_errors(engine), engine.connect().execution_options(**waiting) as connection:
            connection.detach()  # no other use of it shall wait so long
            with connection.begin():
                _take_turn(connection)
                found = version_of(connection)
                if found is None or found == VERSION:  # another process has done it meanwhile
                    return
                copy = _copy(engine, found)
                _migrate(connection, found)
    except BaseException:  # of the commit too
        if copy is not None:  # else every further try would leave another one
            copy.unlink(missing_ok=True)
        raise


def _copy(engine: sa.Engine, found: int) -> Path | None:
    """The copy of an SQLite file, made while no other process can write."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or path is None:
        return None
    return back_up(Path(path), found, VERSION)


def _migrate(connection: sa.Connection, found: int) -> None:
    upgrade(connection, found)
    connection.execute(sa.update(ABOUT).where(ABOUT.c.name == "schema").values(value=str(VERSION)))
    for table in (RUNS, SEEN):
        connection.execute(sa.select(table).limit(0))  # one that is missing says so, or its column


def _take_turn(connection: sa.Connection) -> None:
    """Wait in PostgreSQL until no other process makes or changes tables; SQLite has its own lock.

    The lock goes with the transaction. What is waited for after it has the usual, shorter time.
    """
    if connection.dialect.name != "postgresql":
        return
    be_patient(connection)
    usual = connection.scalar(sa.text("SHOW lock_timeout"))
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(MIGRATING_SECONDS)}s'")
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{usual}'")


def _checked_version(connection: sa.Connection) -> int:
    found = connection.scalar(sa.select(ABOUT.c.value).where(ABOUT.c.name == "schema"))
    said = str(found)  # SQLite has columns of any type
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
    where = named(connection.engine.url)
    if number > VERSION:
        raise StoreError(
            f"{where} was written by a newer Headsweep (schema {found}, this one reads {VERSION}): "
            "it is left as it is. Install that version, or set HEADSWEEP_DATABASE_URL to another "
            "database."
        )
    if said != str(number) or number < 1:
        raise StoreError(
            f"{where} names no version that is known ({said[:20]!r}): it is left as it is. Set "
            "HEADSWEEP_DATABASE_URL to another database."
        )
    connection.execute(sa.select(runs_of(number)).limit(0))  # as above
    return number
