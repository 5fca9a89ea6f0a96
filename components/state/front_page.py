"""The question that the front page shows by itself: the example, under the default kind."""

from dataclasses import replace

from core.demo import example
from core.spec.ablation import default_kind
from core.spec.spec import SweepSpec


def front_page_spec() -> SweepSpec:
    """What is asked there; an address without parameters opens it."""
    return replace(example.SPEC, ablation=default_kind())
