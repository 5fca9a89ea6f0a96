"""What can be done with one line of the list: open, edit, or restore it."""

import streamlit as st

from components.state import session
from components.widgets.history.actions import tried
from components.widgets.history.editing import edit
from core.store.keeper import KEEPER
from core.store.predictions import PredictionLine
from core.store.run import Summary


def opened(line: Summary | PredictionLine, *, read_only: bool) -> bool:
    """The buttons of a line; whether it is to be opened."""
    if line.deleted is not None:
        st.button(
            "Restore",
            key=f"restore_{line.id}",
            disabled=read_only,
            on_click=_restore,
            args=(line.id,),
        )
        return False
    if not read_only and st.button(
        "Edit", key=f"edit_{line.id}", type="tertiary", icon=":material/edit:"
    ):
        edit(line)
    return st.button("Open", key=f"open_{line.id}")


def _restore(run_id: str) -> None:
    state = session()
    if tried(state, lambda: KEEPER.store().restore([run_id])):
        kept = (each for each in state.history.deleted_runs if each != run_id)
        state.history.deleted_runs = tuple(kept)
