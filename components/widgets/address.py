"""The address bar names the head and the view on screen, so that a link opens them again."""

import streamlit as st

from components.state import Session, put, value
from components.widgets.head.room import VIEWS
from components.widgets.messages import banner
from core.heads import Head, shortened


def read_address(state: Session) -> None:
    """Take over `?head=L1H0&view=route` once a tab; what it cannot mean is said."""
    if not state.address_read:
        state.address_read = True
        state.bad_address = _taken_over(state)
    if state.bad_address:
        banner(state.bad_address)


def write_address(state: Session) -> None:
    """Put the head on screen and its view into the address bar."""
    state_now = {} if state.head is None else {"head": state.head.label, "view": value("head_view")}
    if st.query_params.to_dict() != state_now:
        st.query_params.from_dict(state_now)


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
    if shown is not None and not (head.layer < shown.shape[0] and head.head < shown.shape[1]):
        last = Head(shown.shape[0] - 1, shown.shape[1] - 1)
        return (
            f"The address asks for {head.label}, and {shown.spec.model} has L0H0 to {last.label}: "
            "click one of them."
        )
    state.choose_head(head)
    return "" if view is None or view in VIEWS else _no_view(view)


def _no_view(view: str) -> str:
    return f"The address asks for view “{shortened(view)}”: the views are {', '.join(VIEWS)}."
