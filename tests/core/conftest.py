"""Models and oracles of the tiny checkpoints, and a job lane, made once for the whole run."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def loaded(checkpoint: Callable[[str], Path]) -> Callable[..., Any]:
    """loaded(family, weights="processed", dtype="float32"): a shared `LoadedModel`."""
    from core import load_model

    @cache
    def load(family: str, weights: str, dtype: str) -> Any:
        model = load_model(str(checkpoint(family)), device="cpu", dtype=dtype, weights=weights)
        # One that was loaded while a test had something taken away would be every later test's.
        assert model.slower_because == ""
        return model

    # `cache` would take one that is asked for by default and by name for two.
    return lambda family, weights="processed", dtype="float32": load(family, weights, dtype)


@pytest.fixture(scope="session")
def oracle(checkpoint: Callable[[str], Path]) -> Callable[..., Any]:
    """oracle(family, weights="processed"): a bridge that TransformerLens alone has prepared."""
    from core.engine.oracle import load_oracle

    @cache
    def load(family: str, weights: str) -> Any:
        return load_oracle(checkpoint(family), weights)

    return lambda family, weights="processed": load(family, weights)


@pytest.fixture(scope="session")
def jobs() -> Any:
    """A job lane with models of its own."""
    from core.checkpoints.registry import Registry
    from core.jobs import Jobs

    return Jobs(Registry())
