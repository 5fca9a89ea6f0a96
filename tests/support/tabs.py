"""Browser tabs that are used again: a page in a tab that has had one costs half as much."""

from typing import Any

from support.dashboard_page import DashboardPage, prepared_tab
from support.serving import HEIGHT, still_context

Kind = tuple[int, str, str]
"""The width of the window, the colour scheme, and whose browser it is."""


class Tabs:
    """Empty tabs, each in the browser context of its kind.

    A context is kept so that scripts are fetched once, and a tab so that they are compiled once.
    """

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self._contexts: dict[Kind, Any] = {}
        self._empty: dict[Kind, list[Any]] = {}

    def take(self, kind: Kind) -> DashboardPage:
        width, scheme, _ = kind
        if kind not in self._contexts:
            self._contexts[kind] = still_context(self._chromium, width, scheme)
        empty = self._empty.setdefault(kind, [])
        return DashboardPage(empty.pop() if empty else prepared_tab(self._contexts[kind]))

    def give_back(self, kind: Kind, page: DashboardPage) -> None:
        page.leave()
        page.page.set_viewport_size({"width": kind[0], "height": HEIGHT})
        self._empty[kind].append(page.page)

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()
