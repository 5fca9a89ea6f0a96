"""A copy of an SQLite file beside it, before its tables are changed."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from core.errors import StoreError


def back_up(path: Path, found: int, version: int) -> Path:
    """A whole copy of a database, what its log holds included; raises `StoreError`.

    It lies beside the file as NAME.before-VERSION, or with a number more where such a copy is
    there already: none is ever overwritten. It has the file's mode, and its owner and group where
    this process may give them. The caller holds the right to write, so that nothing is committed
    after the copy and before the change; `path` leads through no link, as `connect` opens it.
    """
    part = path.with_name(f"{path.name}.before-{version}.part")
    try:
        _remove(part)  # of a process that was killed
        os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
        _give_owner(path, part)
        shutil.copymode(path, part)  # after it: another owner takes bits of the mode away
        return part.rename(_free_name(path, version))
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            _remove(part)
        raise StoreError(
            f"The file {str(path)!r} is of an older Headsweep (schema {found}; this one writes "
            f"{version}), and no copy of it can be put beside it first ({error}): it is left as it "
            "is. Free some space, make its folder writable, or set HEADSWEEP_READ_ONLY=1 to read "
            "it as it is."
        ) from error


def _remove(part: Path) -> None:
    """A copy that is not whole, with its journal: SQLite would play that one into the next copy."""
    for path in (part, part.with_name(f"{part.name}-journal")):
        path.unlink(missing_ok=True)


def _give_owner(path: Path, copy: Path) -> None:
    found = path.stat()
    with suppress(OSError, AttributeError):  # only root may, and Windows has no owners
        os.chown(copy, found.st_uid, found.st_gid)


def _free_name(path: Path, version: int) -> Path:
    first = place = path.with_name(f"{path.name}.before-{version}")
    number = 1
    while os.path.lexists(place):
        number += 1
        place = first.with_name(f"{first.name}-{number}")
    return place
