"""`headsweep open`: a real dashboard in a process of its own, with the run at its address."""

import contextlib
import os
import re
import signal
import socket
import time
import urllib.request

import pytest
from support import processes
from support.command_line import refused
from support.serving import free_port

from core.demo import example
from core.exports.data import to_json
from core.store.connect import default_url
from core.store.run import Label, Origin
from core.store.store import Store


@pytest.fixture
def exported(tmp_path):
    file = tmp_path / "result.json"
    saved, layer_effects = example.saved(), example.saved_layer_effects()
    file.write_text(to_json(saved, layer_effects, Label("From a friend")), encoding="utf-8")
    return file


@pytest.mark.slow
def test_a_file_is_kept_as_imported_and_served_at_its_address(exported, tmp_path):
    taken = free_port()
    env = {**os.environ, "HEADSWEEP_DATA_DIR": str(tmp_path / "data"), "PORT": str(taken)}
    program = "-m", "core", "open", str(exported), "--no-browser"
    read, write = os.pipe()
    process = processes.start(program, env=env, stdout=write, stderr=2, own_session=True)
    os.close(write)
    printed = os.fdopen(read, encoding="utf-8")
    try:
        address = next(line for line in printed if "?run=" in line).strip()
        assert re.fullmatch(rf"http://localhost:{taken}/\?run=[0-9a-f]{{12}}", address)
        with urllib.request.urlopen(address, timeout=10) as page:
            assert page.status == 200
        store = Store(default_url(tmp_path / "data"))
        run = store.get(address.split("=")[1])
        store.close()
        assert run.origin is Origin.IMPORTED
        assert run.result == example.saved()
        assert run.layer_effects == example.saved_layer_effects()
        assert run.label.title == "From a friend"
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl+C does
        try:
            assert process.wait(20) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            printed.close()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_dashboard_ends_with_the_program_that_started_it(tmp_path, number):
    """However that ends: nothing is left that holds the port. The signal is for it alone."""
    port = free_port()
    env = {**os.environ, "HEADSWEEP_DATA_DIR": str(tmp_path / "data"), "PORT": str(port)}
    with (tmp_path / "log").open("wb") as log:
        process = processes.start(
            ("-m", "core", "open", "--no-browser"),
            env=env, stdout=log, stderr=log, own_session=True,
        )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.05)
        process.send_signal(number)
        code = process.wait(20)
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        until = time.monotonic() + 15
        while answers(port):
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.05)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "no run of Headsweep's"),
        (b"not json", "is not JSON"),
        (b'{"schema": "headsweep.head/1"}', "only sweeps"),
    ],
)
def test_a_file_that_is_no_run_is_one_line_and_starts_nothing(inside, tmp_path, content, said):
    file = tmp_path / "result.json"
    file.write_bytes(content)
    assert said in refused(inside("open", file))


def test_what_is_neither_file_nor_run_says_which(inside, tmp_path):
    assert "There is no file" in refused(inside("open", tmp_path / "none.json"))
    assert "headsweep runs list" in refused(inside("open", "abcdef"))
