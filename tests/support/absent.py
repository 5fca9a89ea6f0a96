"""What a machine lacks: on a developer's it skips a test, in CI it is a failure."""

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """Skip, with the reason; in CI fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
