"""The dashboard as one ASGI application: Streamlit's, with what stands before it."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from components.web.browser_cookie import BrowserCookie
from components.web.closed import ClosedPaths
from components.web.dead_sessions import let_dead_sessions_go
from components.web.headers import SecurityHeaders, inline_scripts, security_headers
from components.web.health import PATH, health
from components.web.hosts import OwnHosts, allowed_hosts
from components.web.log_limit import limit_logs
from components.web.messages import OwnMessages
from components.web.unknown import UnknownAddresses, page_paths
from components.web.uploads import BoundedUploads
from components.widgets.page.page_script import page_scripts
from core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from streamlit.starlette import App


def dashboard(script: Path, given: Settings) -> "App":
    """The application that draws `script`, at `given`'s base path and under its hosts.

    Streamlit's own options must be loaded before.
    """
    import streamlit
    from starlette.middleware import Middleware
    from starlette.routing import Route
    from streamlit.runtime import get_instance
    from streamlit.starlette import App

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = [*inline_scripts(page), *inline_scripts(page_scripts())]
    path = f"/{given.base_path}/{PATH}" if given.base_path else f"/{PATH}"

    @asynccontextmanager
    async def around(app: App) -> "AsyncIterator[None]":
        limit_logs()
        sweeping = asyncio.create_task(let_dead_sessions_go(get_instance()))
        yield
        sweeping.cancel()

    return App(
        script,
        lifespan=around,
        routes=[Route(path, health, methods=["GET", "HEAD"])],
        middleware=[
            Middleware(SecurityHeaders, security_headers(scripts, given.framed_by)),
            Middleware(OwnHosts, allowed_hosts(given.address, given.allowed_hosts), given.url),
            Middleware(ClosedPaths),
            Middleware(BrowserCookie, f"/{given.base_path}"),
            Middleware(UnknownAddresses, page_paths(script), given.base_path),
            Middleware(OwnMessages),
            Middleware(BoundedUploads),
        ],
    )
