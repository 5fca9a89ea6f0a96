"""What waits in memory when a server ends is written, or lies in files that open again."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from support import processes

from core.demo.example import saved, saved_layer_effects
from core.errors import StoreError
from core.exports import rescue as rescue_module
from core.exports.data import read_json
from core.exports.rescue import FOLDER, ending_signals, rescue
from core.settings import settings
from core.store.keeper import Keeper
from core.store.store import Store

FULL = "The file is on a disk that is full: free some space."


def run_on(prompt):
    """The shipped example as another run."""
    base = saved()
    return replace(base, spec=replace(base.spec, prompt=prompt), _index={})


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The folder that the settings name."""
    monkeypatch.setenv("HEADSWEEP_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield tmp_path / "data"
    settings.cache_clear()


def shut():
    raise StoreError(FULL)


def test_nothing_that_waits_nothing_to_say(data):
    assert rescue(Keeper(shut)) == ""
    assert not data.exists()


def test_what_the_database_takes_at_the_end_leaves_no_copy(data):
    store = Store(f"sqlite:///{data / 'runs.sqlite3'}")
    ways = iter([None, store])

    def opened():
        found = next(ways)
        return found if found is not None else shut()

    keeper = Keeper(opened)
    keeper.keep(run_on("a"))
    assert rescue(keeper) == "1 finished run that waited for the database is kept now."
    assert store.count() == 1
    assert not (data / FOLDER).exists()


def test_what_the_database_does_not_take_lies_beside_it_and_opens_again(data):
    keeper = Keeper(shut)
    results = [run_on("a"), run_on("b")]
    keeper.keep(results[0], saved_layer_effects())
    keeper.keep(results[1])
    said = rescue(keeper)
    assert said.startswith(f"2 finished runs could not be kept. {FULL} Copies of 2 are in ")
    files = sorted((data / FOLDER).iterdir())
    assert len(files) == 2
    read = [read_json(file.name, file.read_bytes()) for file in files]
    assert {each.result.to_json() for each in read} == {each.to_json() for each in results}
    assert sum(each.layer_effects == saved_layer_effects() for each in read) == 1


def test_where_the_folder_takes_nothing_the_copies_lie_elsewhere(data, monkeypatch):
    data.parent.joinpath("data").write_text("a file in the folder's place")
    monkeypatch.setattr(rescue_module.tempfile, "tempdir", str(data.parent / "tmp"))
    (data.parent / "tmp").mkdir()
    keeper = Keeper(shut)
    keeper.keep(run_on("a"))
    said = rescue(keeper)
    (file,) = (data.parent / "tmp").glob("headsweep-rescued-*/*.json")
    assert str(file.parent) in said
    assert "lost" not in said


def test_where_nothing_can_be_written_that_is_said(data, monkeypatch):
    data.write_text("a file in the folder's place")
    monkeypatch.setattr(rescue_module.tempfile, "tempdir", str(data))
    keeper = Keeper(shut)
    keeper.keep(run_on("a"))
    said = rescue(keeper)
    assert "1 finished run could be put nowhere else either (Not a directory): lost." in said


def test_a_database_that_never_answers_is_not_waited_for(data):
    keeper = Keeper(shut)
    keeper.keep(run_on("a"))
    is_over = threading.Event()
    keeper._opened = lambda: is_over.wait() and shut()
    keeper._not_before = 0.0
    said = rescue(keeper, seconds=0.1)
    is_over.set()
    assert said.startswith("1 finished run could not be kept.")
    assert len(list((data / FOLDER).iterdir())) == 1


# As a server does: a run that cannot be kept waits, then the process is told to end.
SERVER = """
import signal, sys, time
from dataclasses import replace
from core.demo.example import saved
from core.exports.rescue import rescued_at_the_end
from core.store.keeper import KEEPER

# As in a terminal: what a shell has begun in the background is deaf to Ctrl+C.
signal.signal(signal.SIGINT, signal.default_int_handler)
with rescued_at_the_end(KEEPER):
    base = saved()
    for n in range(3):
        KEEPER.keep(replace(base, spec=replace(base.spec, prompt=f"p {n}"), _index={}))
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_process_that_is_told_to_end_leaves_what_waited(tmp_path, number):
    data = tmp_path / "data"
    data.mkdir()
    (data / "runs.sqlite3").write_bytes(b"no database" * 1000)
    env = {**os.environ, "HEADSWEEP_DATA_DIR": str(data)}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=processes.ROOT, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    files = list((data / FOLDER).iterdir())
    assert len(files) == 3
    assert "3 finished runs could not be kept. The file" in err
    assert f"Copies of 3 are in {data / FOLDER}" in err
    prompts = {read_json(f.name, Path(f).read_bytes()).result.spec.prompt for f in files}
    assert prompts == {"p 0", "p 1", "p 2"}
    assert (data / "runs.sqlite3").read_bytes() == b"no database" * 1000


# A closed terminal is told of twice, the second time while what waits is being rescued; nothing can
# be printed on it.
HUNG_UP = """
import os, signal
from core.demo.example import saved
from core.errors import StoreError
from core.exports.rescue import rescued_at_the_end
from core.store.keeper import Keeper

is_over = False

def shut():
    if is_over:
        os.kill(os.getpid(), signal.SIGHUP)
    raise StoreError("It is shut.")

def say(text):
    raise OSError(5, "Input/output error")

keeper = Keeper(shut)
with rescued_at_the_end(keeper, say):
    keeper.keep(saved())
    is_over = True
    os.kill(os.getpid(), signal.SIGHUP)
"""


@pytest.mark.slow
def test_a_terminal_that_is_closed_ends_no_rescue(tmp_path):
    env = {**os.environ, "HEADSWEEP_DATA_DIR": str(tmp_path)}
    done = processes.run(("-c", HUNG_UP), env=env)
    assert done.returncode == 128 + signal.SIGHUP, done.stderr
    (file,) = (tmp_path / FOLDER).iterdir()
    assert read_json(file.name, file.read_bytes()).result == saved()


def test_a_program_started_to_outlive_its_terminal_does(request):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    request.addfinalizer(lambda: signal.signal(signal.SIGHUP, before))
    assert ending_signals() == (signal.SIGTERM,)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    assert ending_signals() == (signal.SIGTERM, signal.SIGHUP)
