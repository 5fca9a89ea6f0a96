"""The program in a real process, and what every refusal of it looks like."""

import os

from support import processes


def headsweep(*arguments, **options):
    """`python -m core` with these arguments: what it printed, and how it ended."""
    # Bytes that are no text reach a program as Python decodes its arguments.
    given = [os.fsdecode(each) if isinstance(each, bytes) else str(each) for each in arguments]
    return processes.run(("-m", "core", *given), **options)


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
