"""Jobs on a real model, which a brake can hold in mid-sweep."""

import pytest
from support.brakes import PROMPT

from core.checkpoints.registry import Registry, key_of
from core.jobs import Jobs
from core.spec.spec import SweepSpec


@pytest.fixture
def spec(checkpoint):
    def make(prompt=PROMPT, target=" jumps", **options):
        return SweepSpec(str(checkpoint("gpt2")), prompt, target, **options)

    return make


@pytest.fixture
def registry(spec, loaded):
    """With one model in it already, which every test's registry holds."""
    made = Registry()
    made._models[key_of(spec())] = loaded("gpt2")
    return made


@pytest.fixture
def jobs(registry, monkeypatch):
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1})  # a chunk a head
    return Jobs(registry)


@pytest.fixture
def model(registry, spec):
    return registry.peek(key_of(spec()))
