"""An SQLite file: what lies in its place, and the ways to open it.

Whoever closes a file last plays its log into it. So one that is only read, or may be a newer
Headsweep's, is opened in a way in which SQLite cannot write.
"""

import os
import sqlite3
import stat
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError

from core.errors import StoreError
from core.store.errors import DAMAGED, DAMAGED_TO_A_READER, READS, named

_MAGIC = b"SQLite format 3\0"
"""What a database file begins with; then, in two bytes, the length of a page (1: 65,536)."""


def located(url: URL, *, read_only: bool) -> URL:
    """The URL of the file itself, not of a link to it: its log and its copy lie beside it.

    Its folder is made unless `read_only`. Raises a `StoreError` for what is no file, or is damaged.
    """
    shown = repr(str(url.database)[:200])
    try:
        given = Path(url.database or "").expanduser()
        path = Path(os.path.realpath(given))
        _check_links(given)
        if not read_only:
            # Of what was given: where a link leads, nothing is made, since a disk may be away.
            given.parent.mkdir(parents=True, exist_ok=True)
        found = path.stat() if path.exists() else None
    except (OSError, RuntimeError, ValueError) as error:
        raise StoreError(
            f"The folder of {shown} cannot be had "
            f"({getattr(error, 'strerror', None) or error}): set HEADSWEEP_DATA_DIR to one that "
            "can be written."
        ) from error
    real = url.set(database=str(path))
    if found is not None and not stat.S_ISREG(found.st_mode):
        what = "a folder lies" if stat.S_ISDIR(found.st_mode) else "a device or pipe lies"
        raise StoreError(
            f"{named(real)} cannot be opened: {what} in its place. Move it away, or set "
            "HEADSWEEP_DATA_DIR to another folder."
        )
    _check_whole(real, only_read=read_only)
    return real


def writing(url: URL, wait: float) -> sa.Engine:
    """An engine that reads and writes; it waits so many seconds for another who writes."""
    engine = sa.create_engine(url, connect_args={"timeout": wait})
    _begin_as_we_say(engine)
    return engine


def reading(url: URL, wait: float) -> sa.Engine:
    """An engine on a file that is there, which stays as it is byte for byte, like its log.

    It follows whoever writes the file: a connection that relies on nobody doing so is let go of as
    soon as anything of the file has changed, and the next one is opened as it is by then.
    """
    path = Path(url.database or "")
    engine = sa.create_engine(
        url, creator=lambda: _open_to_read(path, wait), execution_options={READS: True}
    )
    _begin_as_we_say(engine)

    @sa.event.listens_for(engine, "checkout")
    def checked_out(connection: _Reader, _: object, __: object) -> None:
        if connection.alone_with is not None and connection.alone_with != _state_of(path):
            raise DisconnectionError  # the pool opens another one

    return engine


def has_log(url: URL) -> bool:
    """Whether anything may be committed and not yet in the file itself."""
    return _has_log(Path(url.database or ""))


def _has_log(path: Path) -> bool:
    try:
        return _log_of(path).stat().st_size > 0
    except OSError:
        return False


def let_read_while_writing(engine: sa.Engine, wait: float) -> None:
    """Readers and one writer at once. The file remembers it, so only one of ours is told."""
    until = time.monotonic() + wait
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


class _Reader(sqlite3.Connection):
    """A connection that only reads."""

    alone_with: tuple[object, ...] | None = None
    """The file and its log as they were when it was opened, where it relies on nobody writing."""


def _open_to_read(path: Path, wait: float) -> _Reader:
    state = _state_of(path)
    options, pragma, alone = _way_to_read(path)
    where = f"file:{quote(os.fsencode(path))}?{options}"
    made = sqlite3.connect(where, uri=True, check_same_thread=False, timeout=wait, factory=_Reader)
    if pragma:
        made.execute(f"PRAGMA {pragma}")
    if alone:
        made.alone_with = state
    return made


def _way_to_read(path: Path) -> tuple[str, str, bool]:
    """Options and pragma of a connection, and whether it relies on nobody else writing."""
    can_write_beside, has_log = os.access(path.parent, os.W_OK), _has_log(path)
    if not has_log and can_write_beside:
        # There is nothing to play in, and what SQLite makes beside the file goes with it again.
        return "mode=rw", "query_only=ON", False
    if can_write_beside or _index_of(path).exists():
        return "mode=ro", "", False
    if not has_log:
        # SQLite needs a log even to read, and no folder to put it in: told that the file does not
        # change, it does without.
        return "immutable=1", "", True
    # The log's index is made in memory, which SQLite does for whoever is alone; nobody else has
    # the file open now, or the index would be there.
    system = "win32" if os.name == "nt" else "unix"
    return f"mode=ro&vfs={system}-none", "locking_mode=EXCLUSIVE", True


def _state_of(path: Path) -> tuple[object, ...]:
    """What changes of a file and of what lies beside it whenever somebody writes, or may."""
    found: list[object] = []
    for each in (path, _log_of(path), _index_of(path)):
        try:
            told = each.stat()
        except OSError:
            found.append(None)
        else:
            found.append((told.st_ino, told.st_size, told.st_mtime_ns))
    return tuple(found)


def _check_links(given: Path) -> None:
    """Raise an OSError for a link that leads nowhere: an empty database would hide what is away."""
    for path in (given, *given.parents):
        if path.is_symlink() and not path.exists():
            raise OSError(None, f"the link {str(path)!r} leads nowhere")


def _check_whole(url: URL, *, only_read: bool) -> None:
    """Raise a `StoreError` for a file that SQLite would take for an empty one, or finish."""
    try:
        with Path(url.database or "").open("rb") as file:
            head, size = file.read(len(_MAGIC) + 2), os.fstat(file.fileno()).st_size
    except OSError:
        return  # there is none yet, or SQLite says what is wrong with it
    page = int.from_bytes(head[len(_MAGIC) :], "big")
    page = 65_536 if page == 1 else page
    # Where a log lies beside it, a page that the disk had no room for is whole in there.
    cut = page == 0 or (size % page > 0 and not has_log(url))
    if size and (not head.startswith(_MAGIC) or cut):
        raise StoreError(f"{named(url)} {DAMAGED_TO_A_READER if only_read else DAMAGED}")


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _index_of(path: Path) -> Path:
    """The log's, which lies there while anybody has the file open."""
    return path.with_name(f"{path.name}-shm")


def _begin_as_we_say(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where it guesses
        # One cell whose bytes are no text is damage in its row, and not in all that are listed.
        connection.text_factory = _text_or_bytes
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
