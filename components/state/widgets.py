"""The widgets' values: what they begin with, and how a callback sets one."""

from typing import Any

import streamlit as st

from components.figures.base.look import Look
from core.checkpoints import catalogue
from core.checkpoints.registry import ModelKey, model_key
from core.demo import example
from core.results.metrics import BY_SHORT, Metric
from core.spec.ablation import default_kind

WIDGET_DEFAULTS: dict[str, Any] = {
    "model": example.SPEC.model,
    "prompt": example.SPEC.prompt,
    "target": example.SPEC.target,
    "foil": "",
    "ablation": default_kind(),
    "positions": "all",
    "chosen_positions": "",
    "reference_choice": "default",
    "own_reference": "pasted",
    "reference_text": "",
    "corrupted_prompt": "",
    "bos": "default",
    "weights": "processed",
    "dtype": "float32",
    "only_this_kind": False,
    "replacement": "",
    "metric": None,
    "chosen_metric": None,
    "detail": None,
    "rows": "heads",
    "columns": [],
    "published_roles": False,
    "head_view": "attention",
    "value_weighted": False,
    "knock_out": False,
    "knock_query": -1,
    "knock_key": -1,
    "knock_keys": "",
    "knock_layers": "",
    "where_scope": "This head",
    "patch_scope": "The layer of a head",
    "role": "induction",
    "feed_query": -1,
    "feed_key": -1,
    "feed_edge": "residual",
    "feed_measure": "attention",
    "feed_group": False,
    "heads": "",
    "outcome": None,
    "predicted": None,
    "own_variants": "",
    "history_text": "",
    "history_what": None,
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


def keep_widgets(kept: dict[str, Any], *, arrived: bool) -> None:
    """At the start of a run of a page: give every widget its value; `kept` has the last run's.

    On a page just come to (`arrived`), a widget is a new one to Streamlit: until the end of that
    run it has its default, None, unless its key is written before it is drawn. In other runs
    nothing is written that is there: a browser takes a written value over what its reader has
    chosen or typed meanwhile, and then says so to the server.
    """
    for key, default in WIDGET_DEFAULTS.items():
        found = st.session_state.get(key)
        is_lost = found is None and default is not None  # nobody can have chosen that
        if is_lost:
            found = kept.get(key, default)
        kept[key] = found
        if arrived or is_lost or key not in st.session_state:
            st.session_state[key] = found


def chosen_model() -> str:
    """The composer's model, under the one name that this program has for it."""
    return catalogue.canonical(value("model") or "")


def chosen_key(name: str) -> ModelKey:
    """The key of a model with the composer's number format and weights."""
    return model_key(name, value("dtype"), value("weights"))


def chosen_metric() -> Metric | None:
    """The metric that was chosen for every picture; None where a run opens on its own."""
    return BY_SHORT.get(value("chosen_metric") or "")


def put_metric(short: str | None) -> None:
    """Show the metric of that name; where there is none, what each run opens on."""
    put("chosen_metric", short if short in BY_SHORT else None)


def look() -> Look:
    """The browser's theme as a `Look`."""
    return Look(dark=st.context.theme.type == "dark")
