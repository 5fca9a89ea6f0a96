"""Standard streams that are closed, full or of few characters: one line, a code, no lost work."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import refused
from support.processes import ROOT

from core.cli import main
from core.cli.output import write_text
from core.cli.run_spec import Swept
from core.demo.example import saved
from core.exports.data import to_csv

FULL = Path("/dev/full")


def ends_with(*arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    return end.value.code


@pytest.fixture
def few_characters(monkeypatch):
    """few_characters(encoding): a standard output as it is where a program's is redirected."""

    def put(encoding):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        return stream.buffer

    return put


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_table_is_printed_whatever_the_encoding(few_characters, monkeypatch, encoding):
    monkeypatch.setattr("core.cli.run_spec._kept", lambda spec, device: (Swept(saved()), ""))
    printed = few_characters(encoding)
    assert ends_with("sweep", "--prompt", "a", "--target", " b") == 0
    text = printed.getvalue().decode(encoding)
    assert "P(\\u2423jumps)" in text
    assert "\\u221281.4 pp" in text  # a minus that became a ? would be no sign


def test_an_error_is_printed_whatever_the_encoding(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)
    assert ends_with("sweep", "--prompt", "a", "--target", " b", "--positions", "٣") == 2
    stream.flush()
    assert "'\\u0663' is not a choice" in stream.buffer.getvalue().decode("ascii")


@pytest.mark.parametrize("text", [saved().to_json(), to_csv(saved()).replace("jumps", "é🙂")])
def test_printed_data_is_utf_8_whatever_the_encoding(few_characters, text):
    printed = few_characters("ascii")
    write_text(text, None)
    assert printed.getvalue().decode("utf-8") == text


def test_without_a_standard_output_nothing_is_begun(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdout", None)
    assert ends_with("sweep", "--prompt", "a", "--target", " b", "--format", "json") == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("headsweep: Standard output is closed: ")


def test_without_a_standard_error_an_error_is_not_among_the_output(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stderr", None)
    assert ends_with("sweep", "--prompt", "", "--target", " b") == 2
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", [["models"], ["runs", "list", "--format", "json"], ["--help"]])
def test_output_to_a_full_disk_says_so(monkeypatch, capfd, command):
    with FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert ends_with(*command) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("headsweep: The disk is full (")


@pytest.mark.slow
def test_streams_that_a_shell_has_closed():
    """In a real process, where the next file that is opened could be taken for a stream."""

    def run(closing):
        program = f"{sys.executable} -m core runs show zzzz {closing}"
        return subprocess.run(["sh", "-c", program], cwd=ROOT, capture_output=True, text=True)

    done = run(">&-")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    silent = run("2>&-")
    assert (silent.returncode, silent.stdout, silent.stderr) == (2, "", "")
    assert run("<&- >&- 2>&-").returncode == 1


# Files that cannot be written or read


@pytest.mark.parametrize(
    "command",
    [
        ["sweep", "--prompt", "a", "--target", " b"],
        ["head", "--prompt", "a", "--target", " b", "--head", "L0H0"],
        ["joint", "--prompt", "a", "--target", " b", "--heads", "L0H0"],
        ["roles"],
    ],
    ids=lambda command: command[0],
)
def test_a_file_name_that_is_too_long_is_told_before_the_work(inside, command):
    for name in ("a" * 400, "a" * 400 + "/x"):
        said = refused(inside(*command, "--out", name))
        assert said.startswith("headsweep: --out: 'aaa")
        assert len(said) < 200


@pytest.mark.parametrize("option", ["--model", "--tag", "--search"])
def test_runs_are_searched_for_what_is_no_text(inside, option):
    done = inside("runs", "list", option, "a\udcff")
    assert (done.returncode, done.stdout.strip()) == (0, "No kept run matches.")


@pytest.mark.parametrize("command", ["show", "delete", "restore", "export"])
def test_a_run_s_name_that_is_no_text_is_no_run_s(inside, command):
    assert "No single run is called" in refused(inside("runs", command, "a\udcff\udcff\udcff"))


def test_a_file_that_cannot_be_read_is_bad_input(inside):
    if not Path("/proc/self/mem").exists():
        pytest.skip("this system has no /proc")
    said = refused(inside("open", "/proc/self/mem"))
    assert "'/proc/self/mem' cannot be read (" in said
