"""Served dashboards, for tests with a browser and for those with a session alone.

Starting a server costs ten seconds of processor, so that a process of the run has at most three
for all its files: `server`; `elsewhere`, another machine as it were, whose hub is a local one
(`hub`); and `held`, whose long sweeps stop where a test wants them. The tests of either of the
last two run in one process. A test on a server that others use too brings prompts of its own;
one that counts every run starts a server for itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.held import Held
from support.hub_server import Hub, environment, serving
from support.serving import HELD_PROGRAM, dashboard

pytest_plugins = ["support.hypothesis_page"]


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `server` has its log; it keeps its runs in the folder `data` there."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="session")
def server(server_folder: Path) -> Iterator[str]:
    """The address of a dashboard as `make run` starts it."""
    with dashboard(log=server_folder / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def hub_server(
    checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    """A hub with a tiny model, and random ones under the names and in the shapes of GPT-2's."""
    # Not above: the process that only hands the tests out imports this module too.
    from support.checkpoints import N_CTX, save
    from transformers import GPT2Config

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
    with dashboard(log=held.log, program=HELD_PROGRAM, **held.environment) as url:
        yield replace(held, url=url)


@pytest.fixture
def held(held_server: Held) -> Iterator[Held]:
    """A dashboard whose long sweeps, and whose disk, are in the test's hands."""
    held_server.let_go()
    yield held_server
    held_server.let_go()
