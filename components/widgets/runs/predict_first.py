"""From a sweep on screen to the Hypothesis page on the same question, where nothing of it shows."""

import streamlit as st

from components.state import Session
from components.state.open_run import fill
from core.spec.spec import SweepSpec

_HELP = (
    "Opens the same question with no map, no findings and no ranking: name the heads, say what "
    "becomes of the answer, and lock it before you test it. What had been on screen until then is "
    "recorded with it."
)


def predict_first(state: Session) -> None:
    """The offer, beside a result; on the front page nobody has asked for a number yet."""
    sweep = state.sweep
    first = sweep.front_page is not None and state.selection.head is None
    if sweep.requested is not None and st.button(
        "Predict first" if first else "Predict, then test",
        key="predict_first",
        icon=":material/lock:",
        help=_HELP,
        on_click=_ask_the_same,
        args=(state, sweep.requested),
    ):
        st.switch_page("pages/hypothesis.py")


def _ask_the_same(state: Session, spec: SweepSpec) -> None:
    fill(state, spec)
    state.hypothesis.end()
