"""The saved sweep of the example, and what it would be of something else."""

from dataclasses import replace
from typing import Any

from core.demo import example
from core.results.result import SweepResult

SAVED = example.saved()


def run_of(prompt: str, **changes: Any) -> SweepResult:
    """The saved run as if it had been asked something else."""
    return replace(SAVED, spec=replace(SAVED.spec, prompt=prompt, **changes))
