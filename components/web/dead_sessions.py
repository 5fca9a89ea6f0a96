"""Sessions whose browser is gone are let go in time.

Streamlit (1.67) keeps a session for a while after its connection has ended, so that a browser can
come back to it. It looks for those whose time is over only when the next one ends: on a quiet
server they, their files and their descriptors would stay for good. What they held is given back
too: Python and its allocator would keep it for others, who may never come.
"""

import asyncio
import ctypes
import gc
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from streamlit.runtime import Runtime

from components.state.tab import tabs

EVERY = 3.0
"""Seconds between two looks."""
GRACE = 9.0
"""Seconds within which a browser that has lost its connection comes back to what it waited for."""

_log = logging.getLogger(__name__)


async def let_dead_sessions_go(runtime: Runtime) -> None:
    """Go on with it until the task is cancelled."""
    gone: dict[str, float] = {}
    while True:
        await asyncio.sleep(EVERY)
        try:
            await asyncio.to_thread(give_up_work, runtime.is_active_session, gone)
            if let_go(runtime):
                await asyncio.to_thread(give_memory_back)
        except Exception:  # one that cannot be ended keeps no other
            _log.exception("Sessions whose browsers are gone could not be let go")


def give_up_work(is_active: Callable[[str], bool], gone: dict[str, float]) -> None:
    """Give up what tabs wait for whose browsers have been gone for `GRACE` seconds.

    `gone` has since when they are, by session; it is kept from one look to the next.
    """
    now, kept = time.monotonic(), tabs()
    for name in gone.keys() - kept.keys():
        del gone[name]
    for name, tab in kept.items():
        if is_active(name):
            gone.pop(name, None)
        elif now - gone.setdefault(name, now) >= GRACE:
            tab.give_up_work()


def give_memory_back() -> None:
    """Look for what nobody holds any more, and give free memory back where the system takes it."""
    gc.collect()
    with suppress(OSError, AttributeError):  # glibc's
        ctypes.CDLL(None).malloc_trim(0)


def let_go(runtime: Runtime) -> int:
    """End the sessions whose time to come back is over; returns how many these were."""
    storage: Any = runtime._session_mgr._session_storage  # type: ignore[attr-defined]
    ended = storage._cache.expire()
    for _, info in ended:
        info.session.shutdown()
    return len(ended)
