"""An address that is no page's: said in a page of our own, with a way to the first one.

Streamlit (1.67) answers every address with its page, which then opens a dialog on the first one's.
"""

from collections.abc import Collection
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from components.assets import asset
from components.web.answers import header

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

SHOWN = 80
"""Characters of an address that are said back."""


def page_paths(script: Path) -> frozenset[str]:
    """The addresses of the pages beside `script`: Streamlit makes each from its file's name."""
    return frozenset(path.stem for path in (script.parent / "pages").glob("*.py"))


class UnknownAddresses:
    """Answers who opens an address beneath `base_path` that is not one of `pages`."""

    def __init__(self, app: "ASGIApp", pages: Collection[str], base_path: str) -> None:
        self._app, self._pages = app, frozenset(pages)
        self._base = f"/{base_path}/" if base_path else "/"

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request or websocket."""
        if scope["type"] != "http" or not self._is_unknown(scope):
            await self._app(scope, receive, send)
            return
        from starlette.responses import HTMLResponse

        page = asset("html/unknown.html").format(
            path=escape(scope["path"][:SHOWN]), first=escape(self._base)
        )
        answer = HTMLResponse(page, status_code=404, headers={"Cache-Control": "no-store"})
        await answer(scope, receive, send)

    def _is_unknown(self, scope: "Scope") -> bool:
        """Whether a browser opens an address as a page, and there is none.

        What a page loads has other types, or an address with an underscore or a point in it.
        """
        path: str = scope["path"]
        asked = any("text/html" in each for each in header(scope, b"accept"))
        if scope["method"] not in ("GET", "HEAD") or not asked or not path.startswith(self._base):
            return False
        name = path.removeprefix(self._base).rstrip("/")
        return bool(name) and name not in self._pages and not _is_streamlits(name)


def _is_streamlits(name: str) -> bool:
    """Whether an address is one of Streamlit's own, or this server's that is no page."""
    first, last = name.split("/")[0], name.split("/")[-1]
    return first in ("healthz", "static", "media", "component") or "_stcore" in name or "." in last
