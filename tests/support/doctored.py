"""A run's file that says another thing than the engine."""

from dataclasses import replace
from typing import Any

from core.demo import example
from core.exports.data import to_json
from core.store.run import Label

TITLE = "Doctored <b>title</b>"


def doctored(**changes: Any) -> str:
    """The example with every change 1 pp, and `changes` in its spec."""
    saved = example.saved()
    heads = tuple(replace(effect, prob_change=0.01) for effect in saved.heads)
    spec = replace(saved.spec, **changes)
    return to_json(replace(saved, heads=heads, spec=spec, _index={}), None, Label(TITLE))
