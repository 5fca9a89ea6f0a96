"""A PostgreSQL server of the tests' own, from Debian's package, in a folder that goes away."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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


def _runs(pid: int) -> bool:
    """Whether a process is there, and not only its number for a parent that does not ask."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass(frozen=True)
class Server:
    """A server of one test's, to be killed, frozen and started again."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://headsweep@localhost:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=localhost -k {self.folder} -F"
        log = self.folder / "log"
        self._control("-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")

    def signal(self, number: int) -> None:
        """To every process of it at once, its master's children too."""
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _pids(self) -> tuple[int, ...]:
        master = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return (master, *map(int, children))

    def kill(self) -> None:
        """As a machine that loses its power does, but for what its system has written."""
        pids = self._pids()
        self.signal(signal.SIGKILL)
        while any(map(_runs, pids)):  # until its port and its shared memory are free
            time.sleep(0.01)
        # A number that its parent has not asked for is taken for a server that still runs.
        (self.folder / "data" / "postmaster.pid").unlink()
        for lock in self.folder.glob(".s.PGSQL.*"):
            lock.unlink()

    def _control(self, *given: object) -> None:
        bin_ = programs()
        assert bin_ is not None
        _run(self.folder, bin_ / "pg_ctl", "-D", self.folder / "data", *given)


@contextmanager
def server() -> Iterator[Server]:
    """A server on a port of its own, with an empty database."""
    bin_ = programs()
    assert bin_ is not None
    folder = Path(tempfile.mkdtemp(prefix="headsweep-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    made = Server(folder, free_port())
    try:
        data = folder / "data"
        _run(folder, bin_ / "initdb", "-D", data, "-U", "headsweep", "-A", "trust", "-E", "UTF8")
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """The same by its URL alone."""
    with server() as made:
        yield made.url


def _run(folder: Path, *command: object) -> None:
    given = [str(part) for part in command]
    if os.geteuid() == 0:
        given = ["runuser", "-u", USER, "--", *given]
    with (folder / "setup.log").open("a") as log:
        subprocess.run(given, cwd=folder, check=True, stdout=log, stderr=log, timeout=60)
