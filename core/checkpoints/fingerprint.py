"""The fingerprint of a checkpoint, computed without loading the model. Imports no torch."""

import contextlib
import hashlib
import os
from functools import lru_cache
from pathlib import Path

from core.checkpoints import catalogue
from core.checkpoints.files import model_files
from core.checkpoints.permitted import is_permitted

Stamp = tuple[tuple[str, int, int], ...]
"""Names, sizes and modification times of a folder's files."""


def fingerprint(folder: Path) -> str:
    """A digest of everything that determines a checkpoint's numbers: config, weights, tokenizer."""
    digest = hashlib.sha256()
    for path in model_files(folder):
        digest.update(os.fsencode(path.name))
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def local_fingerprint(name: str) -> str | None:
    """The fingerprint of a model that is on this machine.

    None if it would need a download, does not exist, or is not permitted.
    """
    if not is_permitted(name):
        return None
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        folder = _folder(name)
        if folder is not None and folder.is_dir():
            return _fingerprint(folder, stamp_of(folder))
    return None


def stamp_of(folder: Path) -> Stamp:
    """A value that changes when a file that is read of the folder changes. Raises `OSError`."""
    stats = [(path.name, path.stat()) for path in model_files(folder)]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


@lru_cache(maxsize=32)
def _fingerprint(folder: Path, stamp: Stamp) -> str:
    """`fingerprint`, cached for each state of a folder: reading a large model takes seconds."""
    return fingerprint(folder)


def _folder(name: str) -> Path | None:
    known = catalogue.entry(name)
    source = name if known is None else known.source
    if catalogue.is_path(source):
        return Path(source).expanduser()
    from core.checkpoints import hub

    return hub.cached(source)
