"""What goes wrong around a server: it is killed, its disk fills, its database is locked."""

import os
import signal
import sqlite3

import pytest
from support import processes
from support.held_server import ALL, HELD
from support.serving import HELD_PROGRAM, await_server, dashboard, free_port

from core import SweepSpec, run_sweep
from core.exports.data import read_json
from core.exports.rescue import FOLDER
from core.results.leading import opening
from core.store.connect import default_url
from core.store.store import Store

PROMPT = f"{HELD} red green blue red green"


def sweep(page, prompt, target):
    page.type_prompt(prompt)
    page.type("target", target)
    page.run()


def start(port, folder):
    """A server of its own process, to be killed."""
    log = folder / "log.txt"
    env = {
        **os.environ,
        "PORT": str(port),
        "HEADSWEEP_DATA_DIR": str(folder / "data"),
        "HELD_SWEEPS": str(folder / "allowed"),
    }
    with log.open("a") as output:
        process = processes.start(HELD_PROGRAM, env=env, stdout=output, stderr=output)
    await_server(f"http://localhost:{port}/_stcore/health", process, log)
    return process


def test_a_server_killed_in_mid_sweep_loses_no_finished_run_and_its_page_goes_on(
    open_page, tmp_path, demo
):
    port, allowed = free_port(), tmp_path / "allowed"
    allowed.write_text("4")
    process = start(port, tmp_path)
    try:
        page = open_page(f"http://localhost:{port}")
        page.wait_live()
        sweep(page, "cat dog bird cat dog", " bird")
        page.type_prompt(PROMPT)
        page.type("target", " blue")
        page.press("run")
        page.wait_text("progress", "4 of 12")
        page.wait_query("Held")
        query = page.query()
        process.send_signal(signal.SIGKILL)
        process.wait()
        store = Store(default_url(tmp_path / "data"))
        (kept,) = store.listed()  # whole, and the one in mid-sweep not at all
        assert kept.prompt == "cat dog bird cat dog"
        assert store.get(kept.id).result.complete
        store.close()

        allowed.write_text(str(ALL))
        process = start(port, tmp_path)
        page.leave()
        page.visit(f"http://localhost:{port}/{query}")
        page.wait_heatmap()
        page.wait_text("run_bar", "kept as run")
        page.settle()
        assert page.typed("prompt") == PROMPT
        expected = run_sweep(demo, SweepSpec(model="demo", prompt=PROMPT, target=" blue"))
        for row, line in zip(page.z(), opening(expected).metric.values(expected), strict=True):
            assert row == pytest.approx(line.tolist(), abs=0.02)
        page.go("History")
        page.wait_text("runs", "cat dog bird cat dog")
        page.wait_text("runs", PROMPT)
    finally:
        process.kill()
        process.wait()


def kept(file):
    store = Store(f"sqlite:///{file}")
    found = [run.prompt for run in store.listed()]
    store.close()
    return found


def test_a_full_disk_is_said_and_what_was_swept_is_kept_once_there_is_room(held, open_page):
    file, full = held.database, held.full_disk
    page = open_page(held.url)
    page.wait_live()
    sweep(page, "one two three one two", " three")
    before = kept(file)
    full.touch()
    sweep(page, "sun moon star sun moon", " star")
    page.wait_text("baseline", "star")
    page.wait_text("not_kept", "1 finished run is not kept yet")
    assert "on a disk that is full: free some space" in page.text("not_kept")
    assert kept(file) == before
    page.go("History")  # what is kept can still be read
    page.wait_text("runs", "one two three one two")
    page.go("Sweep")
    full.unlink()
    page.click_button("keep_now")
    page.wait_gone("not_kept")
    assert kept(file) == ["sun moon star sun moon", *before]


def test_a_locked_database_is_said_and_what_was_swept_is_kept_afterwards(held, open_page):
    file = held.database
    page = open_page(held.url)
    page.wait_live()
    lock = sqlite3.connect(file, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        sweep(page, "red fish blue fish red fish blue", " fish")
        page.wait_text("not_kept", "not kept yet")
        assert "is locked by another program" in page.text("not_kept")
        page.wait_text("baseline", "fish")
        page.type("target", " dog")  # the page goes on meanwhile
        page.wait_text("situation", "The inputs have changed")
    finally:
        lock.rollback()
        lock.close()
    page.wait_gone("not_kept")  # by itself: it says that it tries again
    assert "red fish blue fish red fish blue" in kept(file)


def test_a_damaged_database_is_said_left_alone_and_stops_no_sweep(tmp_path, open_page):
    """And what could not be kept is in a file once the server is told to end."""
    damaged, log = tmp_path / "data" / "runs.sqlite3", tmp_path / "log.txt"
    damaged.parent.mkdir()
    damaged.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    before = damaged.read_bytes()
    with dashboard(log=log, HEADSWEEP_BASE_PATH="lab/heads") as url:
        page = open_page(url)
        page.wait_live()
        sweep(page, "one two three one two", " three")
        page.wait_text("baseline", "three")
        page.wait_text("not_kept", "is damaged, or no database: it is left as it is")
        page.go("History")
        page.wait_error("The kept runs cannot be listed")
        page.go("Sweep")
        page.wait_text("baseline", "three")
    assert damaged.read_bytes() == before
    (copy,) = (damaged.parent / FOLDER).iterdir()
    assert read_json(copy.name, copy.read_bytes()).result.spec.prompt == "one two three one two"
    assert f"1 finished run could not be kept. The file '{damaged}'" in log.read_text()
