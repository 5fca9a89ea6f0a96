"""Coroutines in a thread of their own: a browser that the process drives has a loop in this one."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_in_own_loop(work: Coroutine[Any, Any, Any], loop: Any = None) -> Any:
    """What the coroutine returns or raises, run in a new loop or in the one that is given."""
    run = asyncio.run if loop is None else loop.run_until_complete
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run, work).result()
