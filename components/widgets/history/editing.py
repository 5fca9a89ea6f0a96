"""A line's title, tags and note, changed in the list of what is kept."""

import streamlit as st

from components.widgets.runs.label_form import label_form
from core.store.predictions import PredictionLine
from core.store.run import Summary


def edit(line: Summary | PredictionLine) -> None:
    """Change what is said about a kept run or prediction."""
    if isinstance(line, PredictionLine):
        _edit_prediction(line)
    else:
        _edit_run(line)


@st.dialog("About this run", on_dismiss="rerun")
def _edit_run(run: Summary) -> None:
    label_form(run.id, run.label, run.name)


@st.dialog("About this prediction", on_dismiss="rerun")
def _edit_prediction(line: PredictionLine) -> None:
    label_form(line.id, line.label, line.name)
