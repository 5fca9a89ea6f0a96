"""Browser tabs that are used again: a page in a tab that has had one costs half as much."""

from typing import Any

from support.dashboard_page import DashboardPage, prepared_tab
from support.serving import HEIGHT, still_context


class Tabs:
    """Empty tabs, each in somebody's browser context.

    A context is kept so that scripts are fetched once, and a tab so that they are compiled once:
    the window's width and the colour scheme are those of whoever takes the tab.
    """

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._contexts: dict[str, Any] = {}
        self._empty: dict[str, list[Any]] = {}

    def take(self, width: int, scheme: str, whose: str) -> DashboardPage:
        if whose not in self._contexts:
            self._contexts[whose] = still_context(self._chromium)
        empty = self._empty.setdefault(whose, [])
        tab = empty.pop() if empty else prepared_tab(self._contexts[whose])
        tab.set_viewport_size({"width": width, "height": HEIGHT})
        tab.emulate_media(color_scheme=scheme)
        return DashboardPage(tab)

    def give_back(self, whose: str, page: DashboardPage) -> None:
        page.leave()
        self._empty[whose].append(page.page)

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()
