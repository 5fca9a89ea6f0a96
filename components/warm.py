"""Getting the embedded model ready in the background, once a process."""

import gc
import threading

from core.example import SPEC
from core.jobs import JOBS, Job

_started = threading.Lock()


def warm_up() -> None:
    """Start loading the embedded model and sweeping the first example, unless that was done.

    Returns at once; the import of transformer_lens alone takes seconds.
    """
    if _started.acquire(blocking=False):  # never released: the first caller does it for all
        job = JOBS.submit(SPEC)
        threading.Thread(target=_set_aside, args=(job,), daemon=True, name="warm").start()


def _set_aside(job: Job) -> None:
    """Keep what stays for good out of every later garbage collection.

    Streamlit collects after every run of a script or a fragment; over the half million objects of
    torch and the rest that takes a quarter of a second, in which no other thread computes.
    """
    job.wait()
    gc.collect()
    gc.freeze()
