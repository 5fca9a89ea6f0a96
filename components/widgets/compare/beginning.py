"""What to compare as long as no run is kept."""

from dataclasses import replace

import streamlit as st

from components.state import Session
from components.widgets.page.messages import note
from core.demo import example
from core.spec.ablation import AblationKind
from core.store.keeper import KEEPER


def begin_with(state: Session) -> None:
    """Say why the lists are empty, and offer a pair that needs no kept run."""
    with st.container(key="begin_with"):
        note(f"No run is kept yet. {_later()} To see two beside each other now:")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Compare two kinds of ablation on the example",
                key="compare_example",
                on_click=_example,
                args=(state,),
            )
            st.page_link("pages/sweep.py", label="Sweep a prompt of your own")


def _later() -> str:
    if KEEPER.store().read_only:
        return "This Headsweep is read-only: it keeps none."
    return "Every sweep that finishes is kept, and can be chosen here."


def _example(state: Session) -> None:
    state.compare.choose("a", example.SPEC)
    state.compare.choose("b", replace(example.SPEC, ablation=AblationKind.ZERO))
