"""Getting the embedded model ready in the background, once a process."""

import gc
import threading

from core.checkpoints.registry import key_of
from core.demo import example
from core.jobs import JOBS, Job, JobState
from core.jobs.task import Recalled
from core.sweep.task import SweepOutput, SweepTask

_started = threading.Lock()
_load: list[Job] = []


def warm_up() -> None:
    """Start loading the embedded model, and know the first example, unless that was done.

    Returns at once; the import of transformer_lens alone takes seconds.
    """
    if _started.acquire(blocking=False):  # never released: the first caller does it for all
        found = SweepOutput(example.saved(), layer_effects=example.saved_layer_effects())
        ahead = Recalled(found, found.result.provenance.model_fingerprint)
        JOBS.admit(SweepTask(example.SPEC), ahead, pinned=True)
        _load.append(JOBS.load(key_of(example.SPEC)))
        threading.Thread(target=_set_aside, args=(_load[0],), daemon=True, name="warm").start()


def load_failed() -> bool:
    """Whether the embedded model, which the first page waits for, could not be loaded."""
    return bool(_load) and _load[0].state is JobState.FAILED


def _set_aside(job: Job) -> None:
    """Keep what stays for good out of every later garbage collection.

    One over the half million objects of torch and the rest takes a quarter of a second, in which
    no other thread computes. The launcher has looked for none until now.
    """
    job.wait()
    gc.collect()
    gc.freeze()
    gc.enable()
