"""What a picture of heads shows, and the switch to the other metrics."""

import streamlit as st

from components.state import chosen_metric, put, put_metric, value
from components.widgets.page.html import show_html
from components.words.markup import fill, quiet_html, terms_html
from core.results.leading import opening
from core.results.metrics import BY_SHORT, Metric
from core.results.result import SweepResult
from core.text.words import Words, phrase

_KEY = "metric"


def shown_metric(result: SweepResult, *others: SweepResult) -> Metric:
    """The metric on display: the chosen one, else what the runs on screen open on."""
    return chosen_metric() or opening(result, *others).metric


def metric_row(title: Words, result: SweepResult, *others: SweepResult) -> None:
    """A title with the switch at its right, and why the metric is the one shown at first."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        show_html(fill('<p class="hs-title">{}</p>', terms_html(title)), width="content")
        metric_switch(result, *others)
    why_this_metric(result, *others)


def metric_switch(result: SweepResult, *others: SweepResult) -> None:
    """The switch between the metrics."""
    first = opening(result, *others)
    # The switch follows the runs as long as nobody has chosen. Where it does already, nothing is
    # written: a browser takes that over what is being chosen there.
    if value(_KEY) != (shown := shown_metric(result, *others).short):
        put(_KEY, shown)
    st.segmented_control(
        "Metric",
        list(BY_SHORT),
        key=_KEY,
        required=True,
        label_visibility="collapsed",
        on_change=_choose,
        args=(first.metric.short,),
    )


def why_this_metric(result: SweepResult, *others: SweepResult) -> None:
    """Why the metric is the one that these runs open on, as long as nobody has chosen another."""
    if chosen_metric() is None:
        with st.container(key="metric_why"):
            show_html(quiet_html(phrase(opening(result, *others).why)))


def _choose(opened_on: str) -> None:
    """Keep what was pressed; what runs open on by themselves is no choice."""
    pressed = value(_KEY)
    put_metric(None if pressed == opened_on else pressed)
