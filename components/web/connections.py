"""A connection that never asks for anything is closed, and surplus ones at once.

Without that some hundred idle connections, which cost whoever opens them nothing, leave the server
no descriptor to answer anybody else with.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

FIRST_SECONDS = 15
"""Until a new connection has to ask for something."""
_UNREADABLE = (
    "This request cannot be read. If it is a link of tens of thousands of characters: export the "
    "run as JSON and open that file instead."
)


class BoundedConnection(H11Protocol):
    """HTTP/1.1, or the websocket that it becomes, on one connection of a bounded number."""

    def connection_made(  # type: ignore[override]  # as uvicorn's own
        self, transport: asyncio.Transport
    ) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        most = self.limit_concurrency
        if most is not None and len(self.connections) > most:
            self.logger.warning("All %d connections are taken: a further one is closed", most)
            transport.close()
            return
        self.timeout_keep_alive_task = self.loop.call_later(
            FIRST_SECONDS, self.timeout_keep_alive_handler
        )

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that is no HTTP, or has an endless address."""
        super().send_400_response(_UNREADABLE)
