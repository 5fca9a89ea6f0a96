"""Getting the embedded model ready in the background, once a process."""

import threading

from core.example import SPEC
from core.jobs import JOBS

_started = threading.Lock()


def warm_up() -> None:
    """Start loading the embedded model and sweeping the first example, unless that was done.

    Returns at once; the import of transformer_lens alone takes seconds.
    """
    if _started.acquire(blocking=False):  # never released: the first caller does it for all
        JOBS.submit(SPEC)
