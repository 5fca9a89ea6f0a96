"""Opening a database of runs: made where there is none, brought up to date where it is older,
refused where it is not ours to use.

Nothing that cannot be read is ever overwritten.
"""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from core.errors import StoreError
from core.settings import Settings
from core.store.errors import DAMAGED, named, store_errors
from core.store.versions import bring_up, make, version_in

BUSY_SECONDS = 4.0
"""How long a writer waits for another one."""

_MAGIC = b"SQLite format 3\0"
"""What a database file begins with; then, in two bytes, the length of a page (1: 65,536)."""

_UNREADABLE = (
    "The database's URL cannot be read: write postgresql://user:password@host/name or "
    "sqlite:///file."
)


def open_engine(url: str, *, read_only: bool = False, migrating: bool = True) -> sa.Engine:
    """An engine on a database that has this version's tables; raises `StoreError`.

    `read_only` makes no database and no tables: where there is none, an empty one in memory
    stands for it. With it, or without `migrating`, an older database stays as it is
    (`core.store.tables.runs_of` reads it).
    """
    parsed = _url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    try:
        engine = _sqlite(parsed, read_only=read_only) if is_sqlite else _postgresql(parsed)
    except (SQLAlchemyError, ValueError, TypeError):  # an option in it that is none
        raise StoreError(_UNREADABLE) from None
    with store_errors(engine):
        try:
            found = version_in(engine)
            if not read_only and found is None:
                make(engine)
            elif not read_only and migrating:
                bring_up(engine)
            if is_sqlite and not read_only:
                _let_read_while_writing(engine)
        except BaseException:
            engine.dispose()
            raise
    if found is not None or not read_only:
        return engine
    engine.dispose()
    return _in_memory()


def chosen_url(given: Settings) -> str:
    """The database that the settings name."""
    return given.database_url or default_url(given.data_dir)


def default_url(data_dir: Path) -> str:
    """The database in a data folder."""
    return URL.create("sqlite", database=str(data_dir / "runs.sqlite3")).render_as_string()


def place_of(url: str) -> str:
    """Where a database is, without its password."""
    parsed = _url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(parsed.database)
    return str(parsed.set(query={}))  # a password can be written there too


def _url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(_UNREADABLE) from None
    kind = parsed.get_backend_name()
    if kind in ("postgresql", "postgres"):
        if "@" in f"{parsed.host}{parsed.database}":  # the end of a password, were it shown
            raise StoreError(f"{_UNREADABLE} An @ in a password is written %40, a / %2F.")
        return parsed.set(drivername="postgresql+psycopg")
    is_file = parsed.database not in (None, "", ":memory:") and not parsed.query
    if kind != "sqlite" or not is_file or str(parsed.database).startswith("file:"):
        raise StoreError(_UNREADABLE)
    return parsed.set(drivername="sqlite")


def _postgresql(url: URL) -> sa.Engine:
    """An engine whose every wait has an end: for the server, for the network, for a lock."""
    wait = int(BUSY_SECONDS)
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": wait, "tcp_user_timeout": 1000 * wait},
    )

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.execute(f"SET lock_timeout = '{wait}s'")
        connection.commit()

    return engine


def _sqlite(url: URL, *, read_only: bool) -> sa.Engine:
    try:
        # Its log and the copy of it lie beside the file itself, not beside a link to it.
        given = Path(url.database or "").expanduser()
        path = Path(os.path.realpath(given))
        if not read_only:
            # Of what was given: where a link leads, nothing is made, since a disk may be away.
            given.parent.mkdir(parents=True, exist_ok=True)
        elif not path.is_file():
            return _in_memory()
    except (OSError, RuntimeError) as error:
        raise StoreError(
            f"The folder of {str(url.database)[:200]!r} cannot be had "
            f"({getattr(error, 'strerror', None) or error}): set HEADSWEEP_DATA_DIR to one that "
            "can be written."
        ) from error
    _check_whole(url, path)
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
    if read_only and not os.access(path.parent, os.W_OK) and not _log_of(path).exists():
        # On a disk that takes no writing SQLite can only read what it is told will not change.
        where = f"file:{quote(str(path))}?immutable=1"
        options = {"creator": lambda: sqlite3.connect(where, uri=True, check_same_thread=False)}
    engine = sa.create_engine(url.set(database=str(path)), **options)
    _begin_as_we_say(engine)
    return engine


def _check_whole(url: URL, path: Path) -> None:
    """Raise a `StoreError` for a file that SQLite would take for an empty one, or finish."""
    try:
        with path.open("rb") as file:
            head, size = file.read(len(_MAGIC) + 2), os.fstat(file.fileno()).st_size
    except OSError:
        return  # there is none yet, or SQLite says what is wrong with it
    page = int.from_bytes(head[len(_MAGIC) :], "big")
    page = 65_536 if page == 1 else page
    # Where a log lies beside it, a page that the disk had no room for is whole in there.
    cut = page == 0 or (size % page > 0 and not _log_of(path).exists())
    if size and (not head.startswith(_MAGIC) or cut):
        raise StoreError(f"{named(url)} {DAMAGED}")


def _in_memory() -> sa.Engine:
    """An empty database that goes away with the process."""
    # Threads share its one connection, so none of them may begin a transaction.
    options = {"check_same_thread": False, "isolation_level": None}
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool, connect_args=options)
    make(engine)
    return engine


def _log_of(path: Path) -> Path:
    """What is committed and not yet in the file itself."""
    return path.with_name(f"{path.name}-wal")


def _let_read_while_writing(engine: sa.Engine) -> None:
    """Readers and one writer at once. The file remembers it, so only one of ours is told."""
    until = time.monotonic() + BUSY_SECONDS
    connection = engine.raw_connection()
    try:
        while True:
            try:
                connection.cursor().execute("PRAGMA journal_mode=WAL")
                return
            # For this lock SQLite itself does not wait, whatever it is told to wait for others.
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(0.02)
    finally:
        connection.close()


def _begin_as_we_say(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where it guesses
        # A commit is on disk before it is said to be done.
        connection.execute("PRAGMA synchronous=FULL")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        # A writer says so at once: one that had only read could not wait for another's lock.
        options = connection.get_execution_options()
        writes = options.get("writes", False)
        if "waits" in options:  # longer than usual
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(1000 * options['waits'])}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
