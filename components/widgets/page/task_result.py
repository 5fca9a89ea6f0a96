"""A task's result on the page: at once where it is quick, else with progress and a way to stop."""

from typing import Any

import streamlit as st

from components.state import Session
from components.state.tab_tasks import TabTasks
from components.widgets.page.messages import error_message, note
from components.widgets.page.progress import Waiting, progress
from core.jobs import JobState
from core.jobs.task import OnSpec, Task

AT_ONCE = 0.3
"""Seconds that a task is waited for, so that no progress bar flashes up."""


def task_result(state: Session, slot: str, task: Task, at_once: float = AT_ONCE) -> Any | None:
    """What a task has found: all of it, a part while it goes on, None while there is nothing.

    It is waited for `at_once` seconds before its progress is drawn.

    Draws the progress bar with its Cancel, or why there is no result. A page that asks for
    another task in the same slot gives up the one before. What is found of a sweep's question is
    about to be drawn: it counts as looked at.
    """
    tasks = state.tasks
    job = tasks.ask(slot, task)
    if tasks.waits(slot):
        job.wait(at_once)
    state_now = job.state  # read once: it may end while this is drawn
    found = tasks.draw(slot)
    if found is not None and isinstance(task, OnSpec):
        state.seen_questions.mark(task.spec)
    if tasks.was_stopped(slot):
        with st.container(horizontal=True, vertical_alignment="center"):
            note("Stopped before it was done." if found is None else "Stopped: a part is in.")
            st.button("Do the rest", key=f"again_{slot}", on_click=tasks.forget, args=(slot,))
    elif state_now is JobState.FAILED:
        error_message(str(job.error))
        st.button("Try again", key=f"again_{slot}", on_click=tasks.forget, args=(slot,))
    elif not state_now.final:
        progress(slot, _waiting(tasks, slot))
    return found


def _waiting(tasks: TabTasks, slot: str) -> Waiting:
    return Waiting(
        jobs=lambda: [] if (job := tasks.unfinished(slot)) is None else [("", job)],
        stop=lambda: tasks.stop(slot),
        has_news=lambda: tasks.has_news(slot),
    )
