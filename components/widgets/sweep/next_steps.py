"""A way on from what is on screen: from the map to a head, to what feeds it, to a test."""

import streamlit as st

from components.state import Effects, Session, named_heads, put, put_head, value
from components.widgets.page.html import show_html
from components.words.markup import fill
from core.results.leading import opening
from core.results.metrics import Metric
from core.spec.heads import Head

OFFERED = 3
"""Heads that are offered to be opened."""


def next_steps(effects: Effects, metric: Metric, state: Session) -> None:
    """One line beneath the picture: the step that comes next, as buttons."""
    result, head = effects.result, state.selection.head
    with st.container(key="next", horizontal=True, vertical_alignment="center", gap="small"):
        if head is not None and result.effect(head) is not None:
            _after_head(head)
        elif result.heads:
            _after_sweep(effects, metric, state)


def _after_sweep(effects: Effects, metric: Metric, state: Session) -> None:
    result = effects.result
    shown = metric if metric.measures(result) else opening(result).metric
    _say("Click a cell to open its head, or begin with a strong one:")
    for effect in result.ranked(shown.field)[:OFFERED]:
        st.button(
            effect.address.label,
            key=f"open-{effect.address.label}",
            on_click=state.selection.choose,
            args=(effect.address,),
        )


def _after_head(head: Head) -> None:
    _say("Next:")
    if value("head_view") != "path-patching":
        st.button(
            f"What feeds {head.label}?",
            key="next_feeds",
            on_click=put,
            args=("head_view", "path-patching"),
            help="Which earlier heads it reads from, as far as this answer goes",
        )
    if st.button(
        f"Test {head.label} as a hypothesis",
        key="next_hypothesis",
        help="Say what happens when it is ablated together with others, lock it, then look",
    ):
        if head not in named_heads():
            put_head(head)
        st.switch_page("pages/hypothesis.py")


def _say(words: str) -> None:
    show_html(fill('<span class="hs-quiet">{}</span>', words), width="content")
