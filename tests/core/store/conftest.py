"""A fresh database of either kind for each test, and runs to keep in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from support.absent import absent
from support.postgres import postgres, programs

from core.demo.example import saved
from core.results.result import SweepResult
from core.store.store import Store


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server's own database; in CI a missing server is a failure, not a skip."""
    if programs() is None:
        absent("no PostgreSQL on this machine: install Debian's package postgresql")
    with postgres() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """The URL of an empty database."""
    with psycopg.connect(postgresql_server, autocommit=True) as server:
        server.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        server.execute("GRANT USAGE ON SCHEMA public TO public")  # as a new database has it
    return postgresql_server


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "runs.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, sqlite_path: Path) -> str:
    """Where a test's runs are kept, once in each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{sqlite_path}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Store]]:
    """opened(read_only=False): another `Store` of the test's database."""
    stores: list[Store] = []

    def open_(**options: bool) -> Store:
        stores.append(Store(url, **options))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    return opened()


@pytest.fixture
def run_on() -> Callable[..., SweepResult]:
    """run_on(prompt, fingerprint=None, **of the spec): the shipped example as another run."""

    def made(prompt: str = "a b", fingerprint: str | None = None, **spec: object) -> SweepResult:
        result = saved()
        provenance = result.provenance
        if fingerprint is not None:
            provenance = replace(provenance, model_fingerprint=fingerprint)
        asked = replace(result.spec, prompt=prompt, **spec)
        return replace(result, spec=asked, provenance=provenance, _index={})

    return made
