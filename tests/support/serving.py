"""The dashboard served for real, and a real Chromium to look at it: for tests and screenshots."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support import processes

ROOT = Path(__file__).parents[2]
HELD_PROGRAM = (str(ROOT / "tests" / "support" / "held_server.py"),)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
]
NAMES = (
    "chromium-headless-shell",  # the same without what a window needs: a sixth less to compute
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
HEIGHT = 1300
"""Of a tab's window, in pixels."""
STILL = """{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*, *::before, *::after { animation-duration: 1ms !important;
    animation-delay: 0s !important; animation-iteration-count: 1 !important; }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""
"""What moves by itself stands at its end at once, with every event that the end has. Else a page
that loads or waits is drawn sixty times a second, which costs more than all that it computes."""


def chromium_path() -> str | None:
    """Where a Chromium is on this machine; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


def still_context(chromium: Any) -> Any:
    """A browser context of its own, in which nothing moves by itself."""
    context = chromium.new_context()
    context.add_init_script(STILL)
    return context


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


LAUNCHER = ("-m", "components.server")
"""What `make run` starts."""


_LOGS: dict[Path, int] = {}
"""The logs of the servers that run, and how much of each was written when a test began."""


def begin_to_listen() -> None:
    """From now on, `said_by_servers` has what the servers say."""
    for log in _LOGS:
        _LOGS[log] = log.stat().st_size if log.exists() else 0


def said_by_servers() -> str:
    """What the servers of this process have logged since `begin_to_listen`."""
    said = []
    for log, begun in _LOGS.items():
        with contextlib.suppress(OSError):
            said.append(log.read_bytes()[begun:].decode(errors="replace"))
    return "\n".join(filter(None, said))


@contextmanager
def dashboard(*, log: Path, program: Sequence[str] = LAUNCHER, **environment: str) -> Iterator[str]:
    """The launcher that `make run` starts, on a free port; gives its address.

    Its runs are kept beside the log, unless another place is given.
    """
    port = int(environment.get("PORT") or free_port())
    kept = {"HEADSWEEP_DATA_DIR": str(log.parent / "data")}
    env = {**os.environ, "PORT": str(port), **kept, **environment}
    with log.open("w") as output:
        process = processes.start(program, env=env, stdout=output, stderr=output)
    _LOGS[log] = 0
    try:
        base = env.get("HEADSWEEP_BASE_PATH", "").strip("/")
        url = f"http://localhost:{port}" + (f"/{base}" if base else "")
        await_server(f"{url}/_stcore/health", process, log)
        yield url
    finally:
        _LOGS.pop(log, None)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listener(url: str) -> Any:
    """The process that listens at a server's address, as psutil has it."""
    import psutil

    port = urlsplit(url).port
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            for connection in each.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return each
    raise LookupError(f"Nothing on this machine listens at {url}.")


def await_server(url: str, process: processes.Process, log: Path, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended: {log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server did not answer within {seconds} s: {log.read_text()}")
