"""A PostgreSQL server of the tests' own, from Debian's package, in a folder that goes away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.serving import free_port

USER = "postgres"
"""Debian's user for it: the server refuses to run as root."""


def programs() -> Path | None:
    """The folder of the newest installed server's programs; None where there is none."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parent.parent.name),
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@contextmanager
def postgres() -> Iterator[str]:
    """A server on a port of its own; gives the URL of an empty database."""
    bin_ = programs()
    assert bin_ is not None
    folder = Path(tempfile.mkdtemp(prefix="headsweep-postgres-"))
    port, data = free_port(), folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    try:
        _run(folder, bin_ / "initdb", "-D", data, "-U", "headsweep", "-A", "trust", "-E", "UTF8")
        options = f"-p {port} -c listen_addresses=localhost -k {folder} -F"
        _run(
            folder, bin_ / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"
        )
        try:
            yield f"postgresql://headsweep@localhost:{port}/postgres"
        finally:
            _run(folder, bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, *command: object) -> None:
    given = [str(part) for part in command]
    if os.geteuid() == 0:
        given = ["runuser", "-u", USER, "--", *given]
    with (folder / "setup.log").open("a") as log:
        subprocess.run(given, cwd=folder, check=True, stdout=log, stderr=log, timeout=60)
