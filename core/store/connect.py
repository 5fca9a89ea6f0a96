"""Opening a database of runs: made where there is none, brought up to date where it is older,
refused where it is not ours to use.

Nothing that cannot be read is ever overwritten.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from core.errors import StoreError
from core.settings import Settings
from core.store import postgresql_server, sqlite_file
from core.store.errors import store_errors
from core.store.versions import bring_up, make, version_in

BUSY_SECONDS = 4.0
"""How long a writer waits for another one."""

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
        engine = (
            _sqlite(parsed, read_only=read_only)
            if is_sqlite
            else postgresql_server.engine(parsed, BUSY_SECONDS)
        )
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
                sqlite_file.let_read_while_writing(engine, BUSY_SECONDS)
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
    """The database in a data folder; raises `StoreError` for a name that no URL can hold."""
    try:
        str(data_dir).encode()
    except UnicodeEncodeError:
        raise StoreError(
            f"The folder {str(data_dir)[:200]!r} has a name that is not UTF-8: set "
            "HEADSWEEP_DATA_DIR to another one."
        ) from None
    return URL.create("sqlite", database=str(data_dir / "runs.sqlite3")).render_as_string()


def place_of(url: str) -> str:
    """Where a database is, without its password."""
    parsed = _url(url)
    if parsed.get_backend_name() == "sqlite":
        return str(parsed.database)
    return str(parsed.set(query={}))  # a password can be written there too


def file_of(given: Settings) -> Path | None:
    """The file of the database that the settings name; None for a server's."""
    parsed = _url(chosen_url(given))
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database
    return Path(str(parsed.database)).expanduser() if is_file else None


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


def _sqlite(url: URL, *, read_only: bool) -> sa.Engine:
    file = sqlite_file.located(url, read_only=read_only)
    if read_only:
        there = Path(file.database or "").exists()
        return sqlite_file.reading(file, BUSY_SECONDS) if there else _in_memory()
    if sqlite_file.has_log(file):
        # What is not ours is refused before anything is opened that would play its log into it.
        looking = sqlite_file.reading(file, BUSY_SECONDS)
        with store_errors(looking):
            try:
                version_in(looking)
            finally:
                looking.dispose()
    return sqlite_file.writing(file, BUSY_SECONDS)


def _in_memory() -> sa.Engine:
    """An empty database that goes away with the process."""
    # Threads share its one connection, so none of them may begin a transaction.
    options = {"check_same_thread": False, "isolation_level": None}
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool, connect_args=options)
    make(engine)
    return engine
