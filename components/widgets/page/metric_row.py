"""What a picture of heads shows, and the switch to the other metrics."""

import streamlit as st

from components.words.page_html import words_html
from core.results.metrics import BY_SHORT
from core.text.words import Words


def metric_row(title: Words) -> None:
    """A title with the switch at its right."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.html(f'<p class="hs-title">{words_html(title)}</p>', width="content")
        st.segmented_control(
            "Metric",
            list(BY_SHORT),
            key="metric",
            required=True,
            label_visibility="collapsed",
            persist_state="session",
        )
