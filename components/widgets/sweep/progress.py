"""Progress of the sweep or the model that this tab waits for."""

import streamlit as st

from components.state import Session, chosen_key, live_model
from components.widgets.composer.draft import Draft
from components.widgets.page.progress import Waiting, progress
from core.jobs import Job, JobState


def progress_panel(state: Session, draft: Draft, *, beside_sweep: bool = False) -> None:
    """A bar with Cancel for the sweep under way or the model being loaded, if any.

    `beside_sweep`: the sweep on screen says itself, where it is the saved example, that its model
    is being loaded.
    """
    if _ended_meanwhile(state, draft):
        st.rerun()
    job = state.waiting_for
    if job is None or (beside_sweep and _is_said_already(state, job)):
        return
    progress(
        "sweep",
        Waiting(
            jobs=lambda: [] if (job := state.waiting_for) is None else [("", job)],
            stop=lambda: _give_up(state),
            has_news=lambda: state.sweep.job is not None and state.sweep.has_news(state.sweep.job),
        ),
    )


def _is_said_already(state: Session, job: Job) -> bool:
    """The saved example has a line of its own on its own model, and asks for nothing."""
    shown = state.sweep.result
    return (
        state.sweep.saved_example
        and job is state.models.loading
        and shown is not None
        and job.key.name == shown.spec.model
    )


def _ended_meanwhile(state: Session, draft: Draft) -> bool:
    """Whether a job has ended since this run looked: nothing would draw its outcome otherwise."""
    if state.sweep.job is not None and state.sweep.job.state.final:
        return True
    load = state.models.loading
    if load is None or draft.model is not None or load.key != chosen_key(draft.name):
        return False
    if load.state is JobState.FAILED:
        return "model" not in draft.errors
    return load.state is JobState.DONE and live_model(draft.name) is not None


def _give_up(state: Session) -> None:
    if state.sweep.job is not None:
        state.sweep.stop()
    else:
        state.models.stop_loading()
