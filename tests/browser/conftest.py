"""A served dashboard and a page on it. In CI a missing browser is a failure, not a skip."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.absent import absent
from support.dashboard_page import DashboardPage
from support.serving import browser as launched
from support.serving import chromium_path, dashboard


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if chromium_path() is None:
        absent("no Chromium on this machine: install Debian's package chromium")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dashboard(log=tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def contexts(chromium: Any) -> Iterator[Any]:
    """Browser contexts by width and colour scheme, kept so that scripts are fetched once."""
    made: dict[tuple[int, str], Any] = {}

    def context(width: int, scheme: str) -> Any:
        if (width, scheme) not in made:
            made[width, scheme] = chromium.new_context(
                viewport={"width": width, "height": 1300}, color_scheme=scheme
            )
        return made[width, scheme]

    yield context
    for opened in made.values():
        opened.close()


@pytest.fixture
def open_page(contexts: Any, server: str) -> Iterator[Any]:
    """A function that opens a tab of its own on the dashboard."""
    opened: list[DashboardPage] = []

    def open_(width: int = 1440, scheme: str = "light", url: str = server) -> DashboardPage:
        page = DashboardPage(contexts(width, scheme).new_page())
        opened.append(page)
        page.open(url)
        return page

    yield open_
    for page in opened:
        exceptions = page.page.locator("[data-testid=stException]").count()
        page.page.close()
        assert page.script_errors == []
        assert exceptions == 0


@pytest.fixture
def page(open_page: Any) -> DashboardPage:
    return open_page()
