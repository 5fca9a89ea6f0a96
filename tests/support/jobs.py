"""What tests wait for on the job lane."""

from typing import Any

from core.jobs import Job, JobState

WAIT = 120.0
"""Seconds: only ever spent by a test that fails."""


def ended(job: Job, state: JobState) -> Job:
    """The job once it has come to its end, which must be this one."""
    assert job.wait(WAIT)
    assert job.state is state, job.error
    return job


def done(job: Job) -> Any:
    """What a job has found."""
    return ended(job, JobState.DONE).output
