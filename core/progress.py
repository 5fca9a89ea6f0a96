"""Long work is a generator that yields how far it is and returns what it found."""

from collections.abc import Callable, Generator
from typing import TypeVar

Found = TypeVar("Found")


def drained(
    work: Generator[float, None, Found], report: Callable[[float], None] | None = None
) -> Found:
    """Run long work to its end; `report` gets every share done, and may raise to stop it."""
    while True:
        try:
            done = next(work)
        except StopIteration as finished:
            found: Found = finished.value
            return found
        if report is not None:
            report(done)
