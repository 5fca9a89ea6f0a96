"""What many tests share: tiny random checkpoints of real architectures, and the embedded model."""

import gc
import os
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parent.parent
# So that tests can import tests/*.py by name; the root first, or tests/core would hide core.
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

# What is imported and collected stays to the end: no garbage is looked for in it.
gc.disable()

# How long an example takes says how busy the machine is, and nothing else.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Nothing in the suite may reach a real hub: tests that mean to, name their own server.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Nor touch the runs of whoever calls it; each worker, and what it starts, has a folder of its own.
os.environ["HEADSWEEP_DATA_DIR"] = tempfile.mkdtemp(prefix="headsweep-tests-")

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
if WORKER is not None:  # several processes at once: neither they nor their servers take every core
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from support import (  # noqa: E402
    hostile,
    processes,  # noqa: F401  # names the run
    selection,
    serving,
    shape_checks,
)

pytest_plugins = ["support.servers"]


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    selection.mark(config, items)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--jaxtyping-packages", None):
        config.pluginmanager.register(shape_checks)


def pytest_runtest_setup() -> None:
    serving.begin_to_listen()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failing test shows what its servers have said: an error of a page is named only there."""
    report = yield
    if report.failed and (said := serving.said_by_servers()):
        report.sections.append(("Said by the servers", said[-20_000:]))
    return report


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from an architecture's name to the folder of a tiny random checkpoint of it.

    "demo" is the embedded model's own.
    """
    base = tmp_path_factory.getbasetemp()
    root = (base if WORKER is None else base.parent) / "checkpoints"  # of every process of the run
    root.mkdir(exist_ok=True)

    def folder(family: str) -> Path:
        from support.checkpoints import build

        from core.checkpoints.catalogue import DEMO_FOLDER

        path = DEMO_FOLDER if family == "demo" else root / family
        if not path.exists():
            made = Path(tempfile.mkdtemp(dir=root))
            build(family, made)
            with suppress(OSError):  # another process was quicker: the same weights
                made.rename(path)
        return path

    return folder


@pytest.fixture(scope="session")
def demo():
    from core import load_model

    return load_model("demo", device="cpu")


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str, str, float], None]:
    """measured(row, column, value): a difference for the table at the end of the run."""

    def remember(row: str, column: str, value: float) -> None:
        # A test's own properties come back from whichever process has run it.
        request.node.user_properties.append(("measured", (row, column, value)))

    return remember


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[..., None]:
    """tried(count=1): so many more hostile inputs were tried and held; else a test counts as one.

    What is only promised of all of them together is counted once that is known.
    """

    def remember(count: int = 1) -> None:
        request.node.user_properties.append(("hostile", count))

    return remember


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    hostile.summary(terminalreporter)
    found: dict[str, dict[str, float]] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "measured" and report.when == "call":
                row, column, apart = value
                cells = found.setdefault(column, {})
                cells[row] = max(apart, cells.get(row, 0.0))
    if found:
        terminalreporter.section("largest difference from the plain loop, in log probability")
    for column, cells in sorted(found.items()):
        values = "  ".join(f"{row} {value:.0e}" for row, value in sorted(cells.items()))
        terminalreporter.write_line(f"{column}: {values}")
