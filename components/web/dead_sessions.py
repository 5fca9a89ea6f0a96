"""Sessions whose browser is gone are let go in time.

Streamlit (1.67) keeps a session for a while after its connection has ended, so that a browser can
come back to it. It looks for those whose time is over only when the next one ends: on a quiet
server they, their files and their descriptors would stay for good.
"""

import asyncio
from typing import Any

from streamlit.runtime import Runtime

EVERY = 10.0
"""Seconds between two looks."""


async def let_dead_sessions_go(runtime: Runtime) -> None:
    """Go on with it until the task is cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        let_go(runtime)


def let_go(runtime: Runtime) -> int:
    """End the sessions whose time to come back is over; returns how many these were."""
    storage: Any = runtime._session_mgr._session_storage  # type: ignore[attr-defined]
    ended = storage._cache.expire()
    for _, info in ended:
        info.session.shutdown()
    return len(ended)
