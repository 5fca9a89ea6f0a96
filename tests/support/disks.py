"""A disk of a test's own: one that can be full, or take no writing, while no other is."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def seen_read_only(folder: Path, where: Path) -> Iterator[None]:
    """A folder at a second place too, where nothing can be written; a skip where that cannot be."""
    if shutil.which("mount") is None:
        pytest.skip("no mount on this system")
    where.mkdir()
    if subprocess.run(["mount", "--bind", folder, where], capture_output=True).returncode:
        pytest.skip("no folder can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", where], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", where], check=True)


@contextmanager
def small_disk(folder: Path, *, size: str = "600k") -> Iterator[None]:
    """A disk of that size in a new folder; a skip where this system mounts none."""
    if shutil.which("mount") is None:
        pytest.skip("no mount on this system")
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True
    )
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
