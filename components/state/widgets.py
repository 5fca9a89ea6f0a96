"""The widgets' values: what they begin with, and how a callback sets one."""

from typing import Any

import streamlit as st

from components.figures.base.look import Look
from core.demo import example
from core.results.metrics import BY_SHORT, PROB, Metric

WIDGET_DEFAULTS: dict[str, Any] = {
    "model": example.SPEC.model,
    "prompt": example.SPEC.prompt,
    "target": example.SPEC.target,
    "foil": "",
    "ablation": example.SPEC.ablation,
    "positions": "all",
    "chosen_positions": "",
    "reference_choice": "default",
    "own_reference": "pasted",
    "reference_text": "",
    "corrupted_prompt": "",
    "bos": "default",
    "weights": "processed",
    "dtype": "float32",
    "replacement": "",
    "metric": PROB.short,
    "published_roles": False,
    "head_view": "attention",
    "value_weighted": False,
    "where_scope": "This head",
    "patch_scope": "The layer of a head",
    "role": "induction",
    "feed_query": -1,
    "feed_key": -1,
    "heads": "",
    "outcome": None,
    "predicted": None,
    "own_variants": "",
    "history_text": "",
    "history_model": None,
    "history_kind": None,
    "history_tag": None,
    "history_mine": False,
    "history_deleted": False,
}


BOS: dict[str, bool | None] = {"default": None, "yes": True, "no": False}
"""What the composer's choice of BOS means to a spec."""


def put(key: str, value: object) -> None:
    """Set a widget's value from a callback."""
    st.session_state[key] = value


def value(key: str) -> Any:
    """A widget's current value."""
    return st.session_state.get(key)


def chosen_metric() -> Metric:
    """The metric that the heatmap shows."""
    return BY_SHORT.get(value("metric") or "", PROB)


def put_metric(short: str | None) -> None:
    """Show the metric of that name; where there is none, the change of probability."""
    put("metric", BY_SHORT.get(short or "", PROB).short)


def look() -> Look:
    """The browser's theme as a `Look`."""
    return Look(dark=st.context.theme.type == "dark")
