"""Sessions on served dashboards, without a browser: `page` is all that a new test needs.

Everything is real but the browser: the server, its websocket, the scripts. What only a browser can
show (a layout, a click on a point, Back, what is rendered as markup) is tested in tests/browser.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from support.session_page import Loop, SessionPage


@pytest.fixture(scope="session")
def loop() -> Loop:
    return Loop()


@pytest.fixture
def new_tab(loop: Loop, server: str) -> Iterator[Any]:
    """new_tab(url, cookie): a session to visit addresses of a dashboard with, `server`'s if not
    said; tabs with the same cookie are of one browser.

    An exception on its page is the test's.
    """
    opened: list[SessionPage] = []

    def open_(url: str = server, cookie: str = "") -> SessionPage:
        opened.append(SessionPage(loop, url, cookie))
        return opened[-1]

    yield open_
    for page in opened:
        page.leave()


@pytest.fixture
def open_page(new_tab: Any, server: str) -> Any:
    """open_page(url): a session on a dashboard, opened on the example."""

    def open_(url: str = server) -> SessionPage:
        page = new_tab(url)
        page.visit(url)
        page.wait_heatmap()
        return page

    return open_


@pytest.fixture
def page(open_page: Any) -> SessionPage:
    """A session on the dashboard, opened on the example."""
    return open_page()


@pytest.fixture
def live(page: SessionPage) -> SessionPage:
    """The same once the embedded model is loaded."""
    page.wait_live()
    return page
