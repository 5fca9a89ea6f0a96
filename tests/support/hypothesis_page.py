"""The Hypothesis page before anything was measured, in a session or in a browser."""

from typing import Any

import pytest


@pytest.fixture
def fresh(new_tab: Any, server: str) -> Any:
    """The page opened by its address, so that no effect has been on screen."""
    page = new_tab()
    page.visit(f"{server}/hypothesis")
    page.wait_text("statement", "All heads that look like")
    page.settle()
    return page
