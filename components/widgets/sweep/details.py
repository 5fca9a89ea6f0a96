"""Beneath the picture: every head as a table, the kinds of ablation, and how it was computed."""

import streamlit as st

from components.figures.base.look import Look
from components.state import Effects, Session, value
from components.widgets.sweep.kinds import kinds_panel
from components.widgets.sweep.provenance import provenance_panel
from components.widgets.sweep.ranking import ranking_table
from core.results.metrics import Metric

PARTS = {
    "ranking": "Every head as a table",
    "kinds": "Do the kinds of ablation agree?",
    "provenance": "How this was computed",
}


def details(effects: Effects, metric: Metric, state: Session, look: Look) -> None:
    """One of the parts, or none: what is not looked at is neither drawn nor sent."""
    with st.container(key="details"):
        st.segmented_control(
            "Details",
            list(PARTS),
            key="detail",
            format_func=PARTS.__getitem__,
            label_visibility="collapsed",
            persist_state="session",
        )
        match value("detail"):
            case "kinds":
                kinds_panel(effects.result, metric, state, look)
            case "provenance":
                provenance_panel(effects, metric)
            case "ranking":
                ranking_table(effects, metric, state)
