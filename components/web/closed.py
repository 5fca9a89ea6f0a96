"""What Streamlit answers to everybody and is nobody's business: how the server's insides stand.

Its `/_stcore/metrics` (1.67) tells how many sessions there are, and the size of what each part of
the program remembers, which it measures anew for whoever asks.
"""

from typing import TYPE_CHECKING

from components.web.answers import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

CLOSED = ("/_stcore/metrics",)
"""How the paths end, after the base path."""


class ClosedPaths:
    """Answers some paths as if there were nothing."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request or websocket."""
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith(CLOSED):
            await refuse(scope, receive, send, 404, "There is nothing here. See /healthz instead.")
        else:
            await self._app(scope, receive, send)
