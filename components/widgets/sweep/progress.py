"""Progress of whatever this tab waits for; in the page only while something computes."""

import streamlit as st

from components.state import Session, chosen_key, live_model
from components.widgets.composer.draft import Draft
from components.words.escaping import as_markdown
from core.jobs import Job, JobState

EVERY = 0.3
"""Seconds between looks at a job."""


def progress_panel(state: Session, draft: Draft) -> None:
    """A bar with Cancel for the sweep under way or the model being loaded, if any."""
    if _ended_meanwhile(state, draft):
        st.rerun()
    job = state.waiting_for
    if job is None or _is_said_already(state, job):
        return
    with st.container(key=state.progress_key("sweep")):
        _watch(job.number)


def _is_said_already(state: Session, job: Job) -> bool:
    """The saved example has a line of its own on its own model, and asks for nothing."""
    shown = state.shown
    return (
        state.saved_example
        and job is state.loading
        and shown is not None
        and job.key.name == shown.spec.model
    )


def _ended_meanwhile(state: Session, draft: Draft) -> bool:
    """Whether a job has ended since this run looked: nothing would draw its outcome otherwise."""
    if state.job is not None and state.job.state.final:
        return True
    load = state.loading
    if load is None or draft.model is not None or load.key != chosen_key(draft.name):
        return False
    if load.state is JobState.FAILED:
        return "model" not in draft.errors
    return load.state is JobState.DONE and live_model(draft.name) is not None


@st.fragment(run_every=EVERY)
def _watch(number: int) -> None:
    from components.state import session

    state = session()
    job = state.waiting_for
    if job is None or job.number != number:
        st.rerun()  # it has ended: draw the page with what it found
        return
    if job is state.job and state.lacks(job):
        st.rerun()  # more heads have come in: draw them
    job.looked_at()
    bar, stop = st.columns([6, 1], vertical_alignment="center")
    with bar:
        st.progress(min(1.0, job.fraction or 0.0), text=as_markdown(job.said))
    with stop:
        st.button("Cancel", key="cancel", on_click=_cancel, width="stretch")


def _cancel() -> None:
    from components.state import session

    state = session()
    if state.job is not None:
        state.stop()
    else:
        state.stop_loading()
