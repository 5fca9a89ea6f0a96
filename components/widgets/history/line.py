"""One line of the list: what every one begins with, and room for the rest."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components.state import Session


def places_of_line(
    line_id: str, state: Session, *, prediction: bool = False
) -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """Draw the box that chooses it; returns the places of its picture, words and buttons."""
    pick, picture, words, buttons = st.columns(
        [0.35, 1, 7, 2.6], vertical_alignment="center", gap="small"
    )
    with pick:
        st.checkbox(
            f"Choose {line_id}",
            value=line_id in state.history.picked_runs,
            key=f"pick_{line_id}_{state.selection.clicks}",
            label_visibility="collapsed",
            on_change=state.history.pick,
            args=(line_id,),
            kwargs={"prediction": prediction},
        )
    return picture, words, buttons
