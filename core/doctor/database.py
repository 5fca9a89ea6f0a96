"""Check whether the database of runs can be opened, read and written. It leaves no data there.

`Store` is not used: it would remove runs that were deleted long ago, and create a missing file.
That file would belong to the user of the doctor, who may not be the user of the dashboard's server.
An empty database on a database server gets its tables, as at the first start. A database of an
older version keeps that version.
"""

import tempfile
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from core.doctor.check import CheckResult, State
from core.doctor.machine import nearest_folder
from core.doctor.settings import HIDDEN, masked, passwords
from core.errors import StoreError
from core.settings import Settings
from core.store.connect import chosen_url, default_url, open_engine
from core.store.errors import store_errors
from core.store.tables import ABOUT, RUNS, VERSION
from core.store.versions import version_in

TRIAL = "doctor"
"""The name of the row that is written and deleted in one transaction."""


def database(given: Settings) -> CheckResult:
    """Open the database as the dashboard does. If there is none yet, try one in its folder."""
    url = given.database_url or ""
    try:
        url = chosen_url(given)
        file = None if given.read_only else _missing_file(url)
        return _opened(url, given) if file is None else _none_yet(file)
    except Exception as error:
        return _failed(_without_password(" ".join(str(error).split()), url))


def _opened(url: str, given: Settings) -> CheckResult:
    engine = open_engine(url, read_only=given.read_only, migrating=False)
    if given.read_only and str(engine.url) == "sqlite://":  # replaces a file that does not exist
        return CheckResult(
            State.WARNING,
            f"Read-only, and no runs are kept in {_place(url)} yet: none can be shown.",
            "Keep some runs without HEADSWEEP_READ_ONLY first, or name another database.",
        )
    try:
        with store_errors(engine), engine.connect() as connection:
            live = sa.select(sa.func.count()).select_from(RUNS).where(RUNS.c.deleted.is_(None))
            n_runs = connection.scalar(live)
            kind = "SQLite"
            if engine.dialect.name == "postgresql":
                kind = f"PostgreSQL {str(connection.scalar(sa.text('SHOW server_version')))[:20]}"
            version = version_in(engine)
        if not given.read_only:
            _write_and_delete(engine)
    finally:
        engine.dispose()
    count = f"{n_runs} run{'' if n_runs == 1 else 's'}"
    can = "read-only: nothing is kept" if given.read_only else "can be written"
    return CheckResult(
        State.OK, f"{kind}, {_schema(version, kind, given)}, {count}, {can}: {_place(url)}"
    )


def _schema(version: int | None, kind: str, given: Settings) -> str:
    """The version of the tables, and what the next start does about an older one."""
    if version is None or version == VERSION or given.read_only:
        return f"schema {version or VERSION}"
    copy = "after a copy of the file is put beside it" if kind == "SQLite" else "in one transaction"
    return f"schema {version} (the next start brings it to {VERSION}, {copy})"


def _none_yet(file: Path) -> CheckResult:
    above = nearest_folder(file.parent)
    try:
        # Not in the system's folder for temporary files, which may be on another disk.
        with tempfile.TemporaryDirectory(dir=above, prefix="headsweep-doctor-") as folder:
            engine = open_engine(default_url(Path(folder)))
            try:
                _write_and_delete(engine)
            finally:
                engine.dispose()
    except OSError as error:
        raise StoreError(
            f"No database can be made in {str(above)!r} ({error.strerror}): set "
            "HEADSWEEP_DATA_DIR to a folder that can be written."
        ) from error
    return CheckResult(
        State.OK, f"None yet: the first run makes {file}, and its folder can be written."
    )


def _write_and_delete(engine: sa.Engine) -> None:
    """Write and delete a row in one committed transaction, so that a full disk is noticed."""
    with (
        store_errors(engine),
        engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        connection.execute(sa.insert(ABOUT).values(name=TRIAL, value=""))
        connection.execute(sa.delete(ABOUT).where(ABOUT.c.name == TRIAL))


def _missing_file(url: str) -> Path | None:
    """The path of the SQLite file if it does not exist yet; None if it does, or for a server."""
    if not url.startswith("sqlite"):
        return None
    path = Path(make_url(url).database or "").expanduser().absolute()
    return None if path.exists() else path


def _place(url: str) -> str:
    parsed = make_url(url)
    return str(parsed.database) if parsed.get_backend_name() == "sqlite" else masked(url)


def _failed(sentence: str) -> CheckResult:
    """The result for a `StoreError`, whose text is what was seen, a colon, and what to do."""
    seen, _, to_do = sentence.partition(": ")
    to_do = to_do or "check HEADSWEEP_DATABASE_URL and HEADSWEEP_DATA_DIR."
    return CheckResult(State.PROBLEM, f"{seen.rstrip('.')}.", to_do[0].upper() + to_do[1:])


def _without_password(text: str, url: str) -> str:
    """The text with the URL's passwords hidden: a driver's message may contain them."""
    for password in passwords(url):
        text = text.replace(password, HIDDEN).replace(unquote(password), HIDDEN)
    return text
