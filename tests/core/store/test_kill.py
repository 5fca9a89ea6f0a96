"""kill -9 at any instant: every run that was said to be kept is there, and none is half there."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from core.demo.example import saved, saved_layer_effects
from core.store.store import Store

ROOT = Path(__file__).parents[3]
KILLS = 8

# Forks a writer for each line that it reads, so that its imports are paid for once. A writer says
# which run it has kept after `keep` has returned.
PARENT = """
import os, signal, sys
from dataclasses import replace
from core.demo.example import saved, saved_layer_effects
from core.store.store import Store

def write(url, name, said):
    store, base = Store(url), saved()
    file = os.open(said, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for n in range(1_000_000):
        result = replace(base, spec=replace(base.spec, prompt=f"{name} {n}"), _index={})
        run_id = store.keep(result, saved_layer_effects())
        os.write(file, f"{run_id}\\n".encode())

saved(), saved_layer_effects()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        write(*line.rstrip("\\n").split("\\t"))
    print(pid, flush=True)
"""


class Writers:
    """Processes that keep runs until they are killed."""

    def __init__(self, parent: "subprocess.Popen[str]", said: Path) -> None:
        self.parent = parent
        self.said = said
        self.n_started = 0

    def start(self, url: str) -> int:
        self.n_started += 1
        self.parent.stdin.write(f"{url}\tw{self.n_started}\t{self.said}\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.001)

    def kept(self) -> list[str]:
        return self.said.read_text().split() if self.said.exists() else []

    def wait_for(self, n_kept: int) -> None:
        until = time.monotonic() + 30
        while len(self.kept()) < n_kept:
            assert time.monotonic() < until
            time.sleep(0.005)


@pytest.fixture(scope="module")
def moments():
    """Seconds, drawn anew in each run: what is promised is promised of all of them."""
    return random.Random()


@pytest.fixture(scope="module")
def parent():
    started = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert started.stdout.readline() == "ready\n"
    yield started
    started.stdin.close()
    started.wait(10)


@pytest.fixture
def writers(parent, tmp_path):
    return Writers(parent, tmp_path / "said.txt")


def assert_whole(url, writers):
    """Everything said to be kept is there; beside it at most what each writer was about to say."""
    store, kept = Store(url), writers.kept()
    there = store.listed(most=10_000)
    assert len(set(kept)) == len(kept)
    assert set(kept) <= {summary.id for summary in there}
    assert len(there) <= len(kept) + writers.n_started
    for summary in there:
        run = store.get(summary.id)
        assert run.result.heads == saved().heads
        assert run.layer_effects == saved_layer_effects()
        assert store.find(run.spec).id == summary.id
    store.keep(saved())
    assert store.find(saved().spec).result == saved()
    store.close()
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self").exists(), reason="kills as Linux does"),
]


def test_a_writer_killed_again_and_again(url, writers, moments):
    for _ in range(KILLS):
        pid = writers.start(url)
        writers.wait_for(len(writers.kept()) + moments.randrange(1, 4))
        time.sleep(moments.uniform(0, 0.02))
        writers.kill(pid)
    assert len(writers.kept()) >= KILLS
    assert_whole(url, writers)


def test_two_writers_at_once_of_which_one_is_killed(url, writers, moments):
    stays = writers.start(url)
    for _ in range(KILLS // 2):
        pid = writers.start(url)
        writers.wait_for(len(writers.kept()) + 4)
        time.sleep(moments.uniform(0, 0.02))
        writers.kill(pid)
    n_kept = len(writers.kept())
    writers.wait_for(n_kept + 3)  # the other goes on: the dead one holds no lock
    writers.kill(stays)
    assert_whole(url, writers)


def test_a_writer_killed_while_the_tables_are_made(tmp_path, writers, moments):
    made = 0
    for n in range(2 * KILLS):
        writers.said = tmp_path / f"said{n}.txt"
        database = tmp_path / f"new{n}" / "runs.sqlite3"
        pid = writers.start(f"sqlite:///{database}")
        while n % 2 and not database.exists():  # every other has begun, however busy the machine
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.06))
        writers.kill(pid)
        made += database.exists()
        assert_whole(f"sqlite:///{database}", writers)
    assert made


def test_the_tables_are_made_by_two_at_once_of_which_one_is_killed(url, writers, moments):
    first, second = writers.start(url), writers.start(url)
    time.sleep(moments.uniform(0, 0.05))
    writers.kill(first)
    writers.wait_for(3)
    writers.kill(second)
    assert_whole(url, writers)
