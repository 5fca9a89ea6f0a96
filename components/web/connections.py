"""A connection that never asks for anything whole is closed, and surplus ones at once.

Without that some hundred idle connections, or such as send a byte now and then, which cost whoever
opens them nothing, leave the server no descriptor to answer anybody else with.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

FIRST_SECONDS = 15
"""Until a connection has to have asked for something: its first byte, and its last of a header."""
BODY_SECONDS = 180
"""Until what it sends along is there: 12 MB over half a megabit a second."""
_UNREADABLE = (
    "This request cannot be read. If it is a link of tens of thousands of characters: export the "
    "run as JSON and open that file instead."
)


class BoundedConnection(H11Protocol):
    """HTTP/1.1, or the websocket that it becomes, on one connection of a bounded number."""

    _waits_for: Any = None
    _deadline: asyncio.TimerHandle | None = None

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
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came: more of a request gives no more time for the rest of it."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._waits_for = None
        self._stop_waiting()

    def _wait(self) -> None:
        """Wait as long as it is given for what is to come now: a request, or the body of one."""
        # One that has become a websocket is no more among these, and waits for nothing here.
        state = self.conn.their_state if self in self.connections else None
        if state is self._waits_for:
            return
        self._waits_for = state
        self._stop_waiting()
        limits: dict[Any, float] = {h11.IDLE: FIRST_SECONDS, h11.SEND_BODY: BODY_SECONDS}
        seconds = limits.get(state)
        if seconds is not None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with a request that is no HTTP, or has an endless address."""
        super().send_400_response(_UNREADABLE)
