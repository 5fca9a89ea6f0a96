"""The address bar names the head and the view on screen, so that a link opens them again."""

import time

import streamlit as st

from components.state import Session, put, value
from components.widgets.head.room import VIEWS
from components.widgets.messages import banner
from core.heads import Head, shortened

SETTLED = 1.5
"""Seconds after which an address that is not the one last written is its reader's doing."""


def read_address(state: Session) -> None:
    """Take over `?head=L1H0&view=route` where it is not this page's own writing: when a tab is
    opened, and when its reader goes back or forward. What it cannot mean is said.
    """
    now = st.query_params.to_dict()
    if now != state.address and not _is_late(state):
        if state.address is not None and "head" not in now:
            state.choose_head(None)  # back to before a head was opened
        state.bad_address = _taken_over(state)
    if state.bad_address:
        banner(state.bad_address)


def write_address(state: Session) -> None:
    """Put the head on screen and its view into the address bar."""
    here = _here(state)
    if st.query_params.to_dict() != here:
        st.query_params.from_dict(here)
    if here != state.address:
        state.address, state.address_since = here, time.monotonic()


def _here(state: Session) -> dict[str, str]:
    return {} if state.head is None else {"head": state.head.label, "view": value("head_view")}


def _is_late(state: Session) -> bool:
    """Whether the browser may not have heard yet of what was written last.

    Whoever has just chosen something has not gone back at the same moment.
    """
    if state.address is None:
        return False
    return _here(state) != state.address or time.monotonic() - state.address_since < SETTLED


def _taken_over(state: Session) -> str:
    """Select what the address names; returns what is wrong with it, if anything."""
    view, text = st.query_params.get("view"), st.query_params.get("head")
    if view in VIEWS:
        put("head_view", view)
    if text is None:
        return "" if view is None or view in VIEWS else _no_view(view)
    try:
        head = Head.parse(text[:20])
    except ValueError:
        return f"The address asks for head “{shortened(text)}”: write it as ?head=L1H0."
    shown = state.shown
    if shown is not None and not head.within(shown.shape):
        last = Head(shown.shape[0] - 1, shown.shape[1] - 1)
        return (
            f"The address asks for {head.label}, and {shown.spec.model} has L0H0 to {last.label}: "
            "click one of them."
        )
    state.choose_head(head)
    return "" if view is None or view in VIEWS else _no_view(view)


def _no_view(view: str) -> str:
    return f"The address asks for view “{shortened(view)}”: the views are {', '.join(VIEWS)}."
