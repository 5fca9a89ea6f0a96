"""A browser that comes for the first time gets a random id, so that its tabs know of each other.

It is this site's own, of no other use, and read by the server alone (`components.state.browser`
says why it is a cookie). It is set with a page and never with a websocket's answer: the page's
websocket, which comes after it, brings it along.
"""

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from components.state.browser import COOKIE, MAX_AGE, is_browser_id, new_browser_id

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BrowserCookie:
    """Sets the cookie along with a page for a browser that has none; `path` is the dashboard's."""

    def __init__(self, app: "ASGIApp", path: str) -> None:
        self._app, self._path = app, path

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request or websocket."""
        if scope["type"] != "http" or _has_one(scope["headers"]):
            await self._app(scope, receive, send)
            return

        async def with_cookie(message: "Message") -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                cookie = self._cookie(secure=scope.get("scheme") == "https")
                headers = [*message.get("headers", ()), (b"set-cookie", cookie.encode())]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _cookie(self, *, secure: bool) -> str:
        parts = (
            f"{COOKIE}={new_browser_id()}",
            f"Path={self._path}",
            f"Max-Age={MAX_AGE}",
            "HttpOnly",
            "SameSite=Lax",
            *(("Secure",) if secure else ()),
        )
        return "; ".join(parts)


def _has_one(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a request brings an id that can have come from here."""
    for name, text in headers:
        if name.lower() != b"cookie":
            continue
        try:
            found = SimpleCookie(text.decode("latin-1")).get(COOKIE)
        except CookieError:
            continue
        if found is not None and is_browser_id(found.value):
            return True
    return False


def _is_page(message: "Message") -> bool:
    """Whether an answer is a page: what belongs to one may lie in a cache for others."""
    headers = {name.lower(): text for name, text in message.get("headers", ())}
    kind: bytes = headers.get(b"content-type", b"")
    return message["status"] == 200 and kind.startswith(b"text/html")
