"""The standard streams of the program, made such that printing neither fails nor goes astray."""

import io
import os
import sys
from contextlib import suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path


def prepare_streams() -> bool:
    r"""Make both streams print any character; whether there is a standard output at all.

    What a stream's encoding lacks is printed as an escape such as \u2212, so that no minus sign
    is lost. Without a standard error what would be printed there is dropped: it is no part of the
    output. The streams' numbers are filled, or the next file that is opened would get one of them
    and what a library prints.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (to the end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return sys.stdout is not None


def give_up_output() -> None:
    """Print what can still be printed, and drop the rest: Python would fail on it at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):  # ValueError: it is closed
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_disk_full(error: OSError) -> bool:
    """Whether a file could not be written because the disk, or the user's share of it, is full."""
    return error.errno in (ENOSPC, EDQUOT)
