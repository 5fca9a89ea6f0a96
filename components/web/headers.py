"""The headers that tell a browser what a page of this server may do, and who may show it.

Only scripts that this program serves run: its own in the page are named by their digests, so that
a script that got into a page by any way would not be run by a browser.
"""

import base64
import hashlib
import re
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_scripts(html: str) -> list[str]:
    """The scripts that stand in a page itself."""
    return _INLINE.findall(html)


def security_headers(scripts: Collection[str], framed_by: Collection[str]) -> dict[str, str]:
    """The headers of every answer.

    `scripts` are those that stand in a page itself; `framed_by` the sites, beside this one, that
    may show it in a frame.
    """
    digests = " ".join(f"'{_digest(script)}'" for script in scripts)
    policy = {
        "default-src": "'self'",
        # Streamlit counts large numbers in WebAssembly, which no text can become.
        "script-src": f"'self' 'wasm-unsafe-eval' {digests}",
        # Streamlit and Plotly write styles into the page while it is drawn.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(["'self'", *framed_by]),
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    }


class SecurityHeaders:
    """Sends headers along with every answer, whoever gives it."""

    def __init__(self, app: "ASGIApp", headers: dict[str, str]) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request or websocket."""

        async def with_headers(message: "Message") -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                ours = {name for name, _ in self._headers}
                given = [each for each in message.get("headers", ()) if each[0].lower() not in ours]
                message = {**message, "headers": [*given, *self._headers]}
            await send(message)

        await self._app(scope, receive, with_headers)


def _digest(script: str) -> str:
    """A script's name in a policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
