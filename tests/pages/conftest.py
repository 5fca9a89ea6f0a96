"""A page's script through Streamlit's AppTest, on an embedded model that is loaded and swept."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from support.script_page import unfolded

from core.checkpoints.registry import MODELS, key_of
from core.demo import example
from core.jobs import JOBS
from core.sweep.task import SweepTask

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _components_are_looked_for_once() -> Iterator[None]:
    """A server does so once; each AppTest would read the metadata of every installed package."""
    with pytest.MonkeyPatch.context() as patched:
        scanned = cache(manifest_scanner.scan_component_manifests)
        patched.setattr(manifest_scanner, "scan_component_manifests", scanned)
        yield


@pytest.fixture(scope="module", autouse=True)
def _live_model() -> None:
    MODELS.get(key_of(example.SPEC))
    JOBS.ask(SweepTask(example.SPEC)).wait(60.0)


@pytest.fixture
def app() -> AppTest:
    """The Sweep page as it opens, with the composer unfolded."""
    return unfolded(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run())
