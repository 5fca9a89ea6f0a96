"""A task's result on the page: at once where it is quick, else with progress and a way to stop."""

from typing import Any

import streamlit as st

from components.state import Session
from components.widgets.page.messages import error_message, note
from components.words.escaping import as_markdown
from core.jobs import PATIENCE, JobState
from core.jobs.task import Task

AT_ONCE = 0.3
"""Seconds that a task is waited for, so that no progress bar flashes up."""
EVERY = 0.3
"""Seconds between looks at a job."""


def task_result(state: Session, slot: str, task: Task) -> Any | None:
    """What a task has found: all of it, a part while it goes on, None while there is nothing.

    Draws the progress bar with its Cancel, or why there is no result. A page that asks for
    another task in the same slot gives up the one before.
    """
    asking = state.asking
    job = asking.ask(slot, task)
    if asking.waits(slot):
        job.wait(AT_ONCE)
    state_now = job.state  # read once: it may end while this is drawn
    asking.drawn[slot] = job.found
    if asking.was_stopped(slot):
        with st.container(horizontal=True, vertical_alignment="center"):
            note("Stopped before it was done." if job.found is None else "Stopped: a part is in.")
            st.button("Do the rest", key=f"again_{slot}", on_click=asking.forget, args=(slot,))
    elif state_now is JobState.FAILED:
        error_message(str(job.error))
        st.button("Try again", key=f"again_{slot}", on_click=asking.forget, args=(slot,))
    elif not state_now.final:
        with st.container(key=state.progress_key(slot)):
            _watch(slot, job.number)
    return job.found


@st.fragment(run_every=EVERY)
def _watch(slot: str, number: int) -> None:
    from components.state import session

    asking = session().asking
    job = asking.jobs.get(slot)
    if job is None or job.number != number or not asking.waits(slot):
        st.rerun()  # it has ended, or another has taken its place: draw that
        return
    if job.found is not asking.drawn.get(slot):
        st.rerun()  # more has come in
    job.wait_for(PATIENCE)
    bar, stop = st.columns([6, 1], vertical_alignment="center")
    with bar:
        st.progress(min(1.0, job.fraction or 0.0), text=as_markdown(job.said))
    with stop:
        st.button(
            "Cancel", key=f"cancel_{slot}", on_click=asking.stop, args=(slot,), width="stretch"
        )
