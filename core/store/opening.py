"""Opening a database of runs: made where there is none, refused where it is not ours to use.

Nothing that cannot be read is ever overwritten.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from core.errors import StoreError
from core.store.tables import ABOUT, METADATA, RUNS, VERSION

BUSY_SECONDS = 4.0
"""How long a writer waits for another one."""
_MAKING = 4_711_031
"""The number of the PostgreSQL lock under which the tables are made."""


def open_engine(url: str, *, read_only: bool = False) -> sa.Engine:
    """An engine on a database that has this version's tables; raises `StoreError`.

    `read_only` makes no database and no tables: where there is none, an empty one in memory
    stands for it.
    """
    parsed = _url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _sqlite(parsed, read_only=read_only)
    else:
        engine = sa.create_engine(
            parsed, pool_pre_ping=True, connect_args={"connect_timeout": int(BUSY_SECONDS)}
        )
    with saying(engine):
        try:
            _prepare(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine


def default_url(data_dir: Path) -> str:
    """The database in a data folder."""
    return URL.create("sqlite", database=str(data_dir / "runs.sqlite3")).render_as_string()


def place_of(url: str) -> str:
    """Where a database is, without its password."""
    parsed = _url(url)
    return str(parsed.database) if parsed.get_backend_name() == "sqlite" else str(parsed)


@contextlib.contextmanager
def saying(engine: sa.Engine) -> Iterator[None]:
    """Turns what a database throws into a `StoreError` that says what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        raise StoreError(_sentence(engine.url, " ".join(str(cause).split()))) from error


def _url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(
            "The database's URL cannot be read: write postgresql://user:password@host/name or "
            "sqlite:///file."
        ) from None
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _sqlite(url: URL, *, read_only: bool) -> sa.Engine:
    path = Path(url.database or "").expanduser()
    if read_only and not path.is_file():
        engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool,
                                  connect_args={"check_same_thread": False})  # fmt: skip
    else:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {str(path.parent)!r} for the runs cannot be made ({error.strerror}): "
                "set HEADSWEEP_DATA_DIR to one that can be written."
            ) from error
        engine = sa.create_engine(
            url.set(database=str(path)), connect_args={"timeout": BUSY_SECONDS}
        )

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where it guesses
        cursor = connection.cursor()
        # Readers and one writer at once; a commit is on disk before it is said to be done.
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        # A writer says so at once: one that had only read could not wait for another's lock.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare(engine: sa.Engine) -> None:
    """Make the tables in an empty database; check the version of any other."""
    with engine.connect() as connection:
        there = set(sa.inspect(connection).get_table_names())
        if ABOUT.name in there:
            _check_version(connection)
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
        there = set(sa.inspect(connection).get_table_names())
        if ABOUT.name in there:  # another process has made them meanwhile
            _check_version(connection)
            return
        if RUNS.name in there or (there and engine.dialect.name == "sqlite"):
            raise StoreError(
                f"{_named(engine.url)} holds another program's tables "
                f"({', '.join(sorted(there)[:3])}): it is left as it is. Set "
                "HEADSWEEP_DATABASE_URL to a database for Headsweep alone."
            )
        METADATA.create_all(connection)
        connection.execute(sa.insert(ABOUT).values(name="schema", value=str(VERSION)))


def _check_version(connection: sa.Connection) -> None:
    found = connection.scalar(sa.select(ABOUT.c.value).where(ABOUT.c.name == "schema"))
    if found == str(VERSION):
        return
    where = _named(connection.engine.url)
    if found is not None and found.isdecimal() and int(found) > VERSION:
        raise StoreError(
            f"{where} was written by a newer Headsweep (schema {found}, this one reads {VERSION}): "
            "it is left as it is. Install that version, or set HEADSWEEP_DATABASE_URL to another "
            "database."
        )
    raise StoreError(f"{where} names no version that is known ({found!r}): it is left as it is.")


def _named(url: URL) -> str:
    kind = "The database" if url.get_backend_name() != "sqlite" else "The file"
    return f"{kind} {url.database!r}"


def _sentence(url: URL, text: str) -> str:
    """What went wrong, by what the drivers say of it."""
    where, low = _named(url), text.lower()
    for signs, said in (
        (("locked", "busy"), "is locked by another program: close that one, and try again."),
        (("disk is full", "no space", "disk full"), "is on a disk that is full: free some space."),
        (
            ("not a database", "malformed", "corrupt"),
            "is damaged, or no database: it is left as it is. Put a copy of it back, or move it "
            "away and a new one is made.",
        ),
        (
            ("readonly", "read-only", "permission denied", "unable to open"),
            "cannot be opened or written: check its folder's permissions, or set "
            "HEADSWEEP_DATA_DIR to another one.",
        ),
        (
            ("connection", "could not translate", "refused", "timeout"),
            "cannot be reached: check HEADSWEEP_DATABASE_URL, and that its server runs.",
        ),
        (("password", "authentication", "role"), "refuses the user or password of its URL."),
    ):
        if any(sign in low for sign in signs):
            return f"{where} {said}"
    return f"{where} failed ({text[:160]})."
