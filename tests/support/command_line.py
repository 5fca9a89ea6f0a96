"""The program in a real process, and what every refusal of it looks like."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def headsweep(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        **options,
    )


def refused(done) -> str:
    """Bad input: code 2, nothing on stdout, one line on stderr that is no traceback."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("headsweep: ")
    assert "Traceback" not in done.stderr
    assert lines[0].rstrip().endswith((".", ")", "?"))
    return lines[0]
