"""Served dashboards and tabs on them: `page` is all that a new browser test needs.

Starting a server costs ten seconds of processor, so that a process of the run has at most three
for all its files: `server`; `elsewhere`, another machine as it were, whose hub is a local one
(`hub`); and `held`, whose long sweeps stop where a test wants them. The tests of either of the
last two run in one process. A test on a server that others use too brings prompts of its own;
one that counts every run starts a server for itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.absent import absent
from support.checkpoints import N_CTX, save
from support.dashboard_page import DashboardPage
from support.held import Held
from support.hub_server import Hub, environment, serving
from support.serving import HELD_PROGRAM, chromium_path, dashboard
from support.serving import browser as launched
from support.tabs import Kind, Tabs
from transformers import GPT2Config


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if chromium_path() is None:
        absent("no Chromium on this machine: install Debian's package chromium")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard as `make run` starts it."""
    with dashboard(log=tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def hub_server(
    checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    """A hub with a tiny model, and random ones under the names and in the shapes of GPT-2's."""
    repos = {"org/tiny": checkpoint("gpt2")}
    for name, layers in (("openai-community/gpt2", 12), ("distilbert/distilgpt2", 6)):
        repos[name] = tmp_path_factory.mktemp("named")
        save(GPT2Config(n_positions=N_CTX, n_embd=48, n_layer=layers, n_head=12), repos[name])
    with serving(repos, pause=0.2) as hub:
        yield hub


@pytest.fixture
def hub(hub_server: Hub) -> Hub:
    """The hub of `elsewhere`; its log is of this test alone."""
    hub_server.requests.clear()
    return hub_server


@pytest.fixture(scope="session")
def elsewhere_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `elsewhere` keeps its runs."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="session")
def elsewhere(hub_server: Hub, elsewhere_folder: Path) -> Iterator[str]:
    """Another dashboard's address: what `server` keeps is not there, and its hub is `hub`."""
    given = environment(hub_server, elsewhere_folder / "hub")
    log, data = elsewhere_folder / "log.txt", str(elsewhere_folder)
    with dashboard(log=log, HEADSWEEP_DATA_DIR=data, **given) as url:
        yield url


@pytest.fixture(scope="session")
def held_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    folder = tmp_path_factory.mktemp("held")
    held = Held(folder, "")
    held.let_go()
    with dashboard(log=folder / "log.txt", program=HELD_PROGRAM, **held.environment) as url:
        yield replace(held, url=url)


@pytest.fixture
def held(held_server: Held) -> Iterator[Held]:
    """A dashboard whose long sweeps, and whose disk, are in the test's hands."""
    held_server.let_go()
    yield held_server
    held_server.let_go()


@pytest.fixture(scope="session")
def tabs(chromium: Any) -> Iterator[Tabs]:
    kept = Tabs(chromium)
    yield kept
    kept.close()


@pytest.fixture
def new_tab(tabs: Tabs) -> Iterator[Any]:
    """new_tab(width, scheme, whose): an empty tab; at the end nothing has gone wrong in it.

    `whose` tells two visitors apart.
    """
    opened: list[tuple[Kind, DashboardPage]] = []

    def open_(width: int = 1440, scheme: str = "light", whose: str = "mine") -> DashboardPage:
        kind = (width, scheme, whose)
        opened.append((kind, tabs.take(kind)))
        return opened[-1][1]

    yield open_
    wrong = []
    for kind, page in opened:
        exceptions = page.page.locator("[data-testid=stException]").count()
        wrong += page.script_errors + [f"{exceptions} exceptions on the page"] * bool(exceptions)
        tabs.give_back(kind, page)
    assert wrong == []


@pytest.fixture
def open_page(new_tab: Any, server: str) -> Any:
    """open_page(width, scheme, url): a tab on a dashboard, opened on the example."""

    def open_(width: int = 1440, scheme: str = "light", url: str = server) -> DashboardPage:
        page = new_tab(width, scheme)
        page.open(url)
        return page

    return open_


@pytest.fixture
def page(open_page: Any) -> DashboardPage:
    """A tab on the dashboard, opened on the example."""
    return open_page()


@pytest.fixture
def live(page: DashboardPage) -> DashboardPage:
    """The same once the embedded model is loaded."""
    page.wait_live()
    return page
