"""Whether the strongest heads hold under a second kind of ablation: one sentence."""

import streamlit as st

from components.state import Session, live_for, value
from components.widgets.page.html import show_html
from components.widgets.page.progress import wait_until
from components.words.markup import fill, terms_html
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.results.second_kind import second_kind_words

AT_ONCE = 0.1
"""Seconds that it is waited for before the page goes on without it."""


def second_kind(result: SweepResult, metric: Metric, state: Session) -> None:
    """Draw the sentence; until it is there the page goes on, and is drawn anew when it is."""
    wanted = not value("only_this_kind") and live_for(result.spec) is not None
    state.second.follow(state.sweep.result, wanted=wanted)
    job = state.second.under_way
    if job is not None and not job.wait(AT_ONCE):
        wait_until(lambda: job.state.final)
    if (found := state.second.found) is None:
        return
    other = state.reveal(found, by_itself=True).result
    if metric.measures(result) and metric.measures(other):
        with st.container(key="second_kind"):
            said = second_kind_words(result, other, metric)
            show_html(fill('<div class="hs-findings"><p>{}</p></div>', terms_html(said)))
