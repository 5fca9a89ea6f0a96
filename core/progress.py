"""Long work is a generator that yields how far it is and returns what it found."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Found = TypeVar("Found")
Said = TypeVar("Said")
Told = TypeVar("Told")


def run_to_end(
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


def map_steps(
    work: Generator[Said, None, Found], tell: Callable[[Said], Told]
) -> Generator[Told, None, Found]:
    """Long work whose every step is told in other words."""
    while True:
        try:
            said = next(work)
        except StopIteration as finished:
            found: Found = finished.value
            return found
        yield tell(said)


def within(
    work: Generator[float, None, Found], first: float, last: float
) -> Generator[float, None, Found]:
    """Work as a part of longer work: its own shares become those between `first` and `last`."""
    return (yield from map_steps(work, lambda done: first + done * (last - first)))


def constant_steps(work: Generator[Any, None, Found], said: Told) -> Generator[Told, None, Found]:
    """Work in which every step is the same to whoever follows it: a moment at which to stop."""
    return (yield from map_steps(work, lambda _: said))
