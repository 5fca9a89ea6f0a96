"""Jobs: tasks done by one worker a device, with progress and cancel.

Callers hand over names and specs, never live models, so that the same call can later go to
another machine.
"""

from core.jobs.job import PATIENCE, Job, JobState
from core.jobs.jobs import JOBS, MAX_KEPT, MAX_TASKS_KEPT, Jobs

__all__ = [
    "JOBS",
    "MAX_KEPT",
    "MAX_TASKS_KEPT",
    "PATIENCE",
    "Job",
    "JobState",
    "Jobs",
]
