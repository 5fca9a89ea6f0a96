"""Long work is a generator that yields its progress and returns its result."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")
StepIn = TypeVar("StepIn")
StepOut = TypeVar("StepOut")


def run_to_end(
    work: Generator[float, None, Result], report: Callable[[float], None] | None = None
) -> Result:
    """Run long work to its end and return its result.

    `report` is called with every share done (0 to 1), and may raise to stop the work.
    """
    while True:
        try:
            done = next(work)
        except StopIteration as finished:
            result: Result = finished.value
            return result
        if report is not None:
            report(done)


def map_steps(
    work: Generator[StepIn, None, Result], tell: Callable[[StepIn], StepOut]
) -> Generator[StepOut, None, Result]:
    """Long work with every yielded step changed by the function `tell`."""
    while True:
        try:
            step = next(work)
        except StopIteration as finished:
            result: Result = finished.value
            return result
        yield tell(step)


def within(
    work: Generator[float, None, Result], first: float, last: float
) -> Generator[float, None, Result]:
    """Work as a part of longer work: its shares from 0 to 1 become those from `first` to `last`."""
    return (yield from map_steps(work, lambda done: first + done * (last - first)))


def constant_steps(
    work: Generator[Any, None, Result], step: StepOut
) -> Generator[StepOut, None, Result]:
    """Long work that yields `step` at every step, so that the caller may stop there."""
    return (yield from map_steps(work, lambda _: step))
