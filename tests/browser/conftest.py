"""Tabs of a real Chromium on served dashboards: `page` is all that a new browser test needs.

What can be seen without a browser is tested in tests/served, at a fifth of the cost.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from support.absent import absent
from support.dashboard_page import DashboardPage
from support.serving import browser as launched
from support.serving import chromium_path
from support.tabs import Tabs


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if chromium_path() is None:
        absent("no Chromium on this machine: install Debian's package chromium")
    with launched() as browser:
        yield browser


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
    opened: list[tuple[str, DashboardPage]] = []

    def open_(width: int = 1440, scheme: str = "light", whose: str = "mine") -> DashboardPage:
        opened.append((whose, tabs.take(width, scheme, whose)))
        return opened[-1][1]

    yield open_
    wrong = []
    for whose, page in opened:
        exceptions = page.page.locator("[data-testid=stException]").count()
        wrong += page.script_errors + [f"{exceptions} exceptions on the page"] * bool(exceptions)
        tabs.give_back(whose, page)
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
