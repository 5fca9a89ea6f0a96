"""Real processes of our programs that need not import torch first.

Importing what others have written takes ten seconds of processor; a copy of a process that has
done so takes none. `start` asks such a process (support/process_template.py; a run of the tests has
one) for a copy that runs a program as `python ...` would: with its own arguments, folder,
environment, output, signals and exit code, and with our own modules imported anew. What a package
reads from the environment while it is imported is the template's: with another of the variables
in `READ_ON_IMPORT` a program is started by Python itself, as it is with `fresh=True`. (Those of the
hub are read again in a copy.)
"""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
TEMPLATE = Path(__file__).with_name("process_template.py")
READ_ON_IMPORT = ("HUGGINGFACE", "TRANSFORMERS_", "STREAMLIT_", "OMP_", "PYTHON", "XDG_")
"""How the names begin of variables that others read while they are imported."""
RUN = "TESTS_PROCESS"
"""The variable that has the process of the whole run, which every other one of it inherits."""
os.environ.setdefault(RUN, str(os.getpid()))
_ENVIRONMENT = dict(os.environ)
"""The template's, whatever a test has set by the time it is started."""


class Process:
    """A running copy: the methods of `subprocess.Popen` that tests use."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.returncode: int | None = None
        self.pid = self._received()

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            # To a socket 0 would mean that it never waits, and fails in another way.
            self._connection.settimeout(timeout if timeout is None else max(timeout, 1e-6))
            try:
                self.returncode = self._received()
            except TimeoutError:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0) from None
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _received(self) -> int:
        """The number in the next message: its process, then its exit code."""
        message = self._connection.recv(100)
        if not message:
            raise RuntimeError("the template of the tests' processes has ended")
        return int(message)


def start(
    program: Sequence[str],
    *,
    stdout: IO[Any] | int,
    stderr: IO[Any] | int,
    stdin: IO[Any] | int = subprocess.DEVNULL,
    cwd: Path | str = ROOT,
    env: Mapping[str, str] | None = None,
    own_session: bool = False,
    fresh: bool = False,
) -> "Process | subprocess.Popen[bytes]":
    """Start `python *program` ("-m" and a module, "-c" and code, or a file; then arguments).

    It is a copy of the template, or a new Python where it must be one, and has no input unless it
    is given one. `stdout`, `stderr` and `stdin` are open files or their numbers; `own_session`
    gives it a group of processes of its own.
    """
    environment = dict(os.environ if env is None else env)
    if fresh or _differs(environment):
        return subprocess.Popen(
            [sys.executable, *program],
            cwd=cwd,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=own_session,
        )
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # keeps messages apart
    connection.connect(str(_template()))
    asked = json.dumps([list(program), str(cwd), environment, own_session]).encode()
    with Path(os.devnull).open() as nothing:
        given = (nothing if stdin == subprocess.DEVNULL else stdin), stdout, stderr
        files = [file if isinstance(file, int) else file.fileno() for file in given]
        socket.send_fds(connection, [asked], files)
    return Process(connection)


def run(
    program: Sequence[str], *, timeout: float = 120, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """`start` a program, wait for its end, and give what it has printed, as text."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(program, stdout=out, stderr=err, **options)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode("utf-8"))
        return subprocess.CompletedProcess(list(program), code, *printed)


def _differs(environment: Mapping[str, str]) -> bool:
    """Whether it has other values than the template of what is read on import."""
    return any(
        environment.get(name) != _ENVIRONMENT.get(name)
        for name in {*environment, *_ENVIRONMENT}
        if name.startswith(READ_ON_IMPORT)
    )


@cache
def _template() -> Path:
    """Where the template of this run of the tests listens; whoever first needs it starts it."""
    run = os.environ[RUN]
    folder = Path(tempfile.gettempdir()) / f"headsweep-template-{run}"
    folder.mkdir(exist_ok=True)
    where = folder / "socket"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of the run may be starting it
        if not where.exists():
            started = subprocess.Popen(
                [sys.executable, str(TEMPLATE), str(where), run],
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the tests; it ends when they have
            )
            until = time.monotonic() + 180
            while not where.exists():
                if started.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("the template of the tests' processes did not start")
                time.sleep(0.05)
    return where
