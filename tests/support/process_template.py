"""A process that has imported what others have written, and makes copies of itself.

`python process_template.py SOCKET PROCESS` listens at that address while the process with that
number lives. For each connection it takes one message: a program with its folder, environment and
whether it has a session of its own (JSON), and the three open files that become its input and
output. It answers with the process's number, and at its end with its exit code, as `subprocess`
counts them.
"""

import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

import huggingface_hub.constants

IMPORTED = (
    "torch",
    "transformers",
    "transformers.models.gpt2.modeling_gpt2",
    "transformer_lens.model_bridge",
    "pandas",
    "plotly.graph_objects",
    "plotly.io",
    "streamlit.web.bootstrap",
    "streamlit.emojis",
    "uvicorn",
    "sqlalchemy",
    "alembic.command",
    "psycopg",
    "typer",
    "pydantic_settings",
)
"""Packages of others, and none of ours."""
MESSAGE = 1 << 20


def main(where: str, run_of_tests: int) -> None:
    """Listen until nobody can ask any more; in a copy, return when its program has ended."""
    gc.disable()
    for name in IMPORTED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "only a process without threads can be copied"
    gc.collect()
    gc.freeze()  # a collection in a copy would touch, and so copy, all that is there
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for a copy
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"{where}.new")
    listener.listen()
    Path(f"{where}.new").rename(where)
    while lives(run_of_tests):
        if not select.select([listener], [], [], 1.0)[0]:
            continue
        connection, _ = listener.accept()
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            answer(connection)
            return
        connection.close()
    shutil.rmtree(Path(where).parent)


def lives(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def answer(connection: socket.socket) -> None:
    """In one copy run what was asked for, in another wait for its end and tell it."""
    message, files, _, _ = socket.recv_fds(connection, MESSAGE, 3)
    pid = os.fork()
    if not pid:
        connection.close()
        run(files, *json.loads(message))
        return
    for file in files:
        os.close(file)
    connection.send(b"%d" % pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        connection.send(b"%d" % code)
    finally:  # whoever asked may have ended
        os._exit(0)


def run(
    files: list[int], program: list[str], cwd: str, environment: dict[str, str], own_session: bool
) -> None:
    """What Python does from its start to the program's end."""
    if own_session:
        os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)
    importlib.reload(huggingface_hub.constants)  # it reads the environment once, on import
    if program[0] == "-m":
        sys.path[0], sys.argv = cwd, program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    elif program[0] == "-c":
        sys.path[0], sys.argv = cwd, ["-c", *program[2:]]
        exec(compile(program[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.path[0], sys.argv = str(Path(program[0]).parent), program
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
