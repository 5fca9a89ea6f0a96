"""A run's title, tags and note, changed in the list of runs."""

import streamlit as st

from components.widgets.runs.label_form import label_form
from core.store.run import Summary


@st.dialog("About this run", on_dismiss="rerun")
def edit(run: Summary) -> None:
    """Change what is said about a kept run."""
    label_form(run.id, run.label, run.name)
