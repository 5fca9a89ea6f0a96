"""Which tests are slow, and which must run in one process: told by what a test asks for.

`make test-fast` leaves out "browser", "postgres", "matrix" and "slow". The first three are marked
here; "slow" stands at the test itself: it starts real processes or kernels, kills or waits.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SHARED = ("elsewhere", "held")
"""Servers that a run has once: what is tested on them stays in one process, and begins first."""
EVERY_SAVE = (None, "demo", "gpt2")
"""Of the tests that run on each architecture, those that a save needs."""


def mark(items: list[pytest.Item]) -> None:
    """Mark the tests, and put those first that take longest: no process waits at the end."""
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        asked = getattr(item, "fixturenames", ())
        if item.path.is_relative_to(TESTS / "browser"):
            item.add_marker("browser")
        if "postgresql_server" in asked or given.get("url") == "postgresql":
            item.add_marker("postgres")
        if given.get("family") not in EVERY_SAVE:
            item.add_marker("matrix")
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=_turn)


def group(item: pytest.Item) -> str:
    """Tests of one group run in one process: those on a shared server, else those of a file."""
    asked = getattr(item, "fixturenames", ())
    return next((name for name in SHARED if name in asked), item.path.relative_to(TESTS).as_posix())


def _turn(item: pytest.Item) -> int:
    order = [*SHARED, "browser"]
    name = group(item).partition("/")[0]
    return order.index(name) if name in order else len(order)
