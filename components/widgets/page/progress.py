"""The one progress widget: what is waited for, how far it is, and a way to give it up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from components.state.page_run import claim_progress_key
from components.words.escaping import as_markdown
from core.jobs import Job

EVERY = 0.3
"""Seconds between looks at the jobs."""


def never() -> bool:
    """Nothing is drawn before the end."""
    return False


@dataclass(frozen=True)
class Waiting:
    """What a part of a page waits for. Its functions are called at every look.

    `jobs` are those not ended yet, each with words to put in front of its own; `stop` gives them
    up; `has_news` tells whether they have found something that is to be drawn meanwhile.
    """

    jobs: Callable[[], Sequence[tuple[str, Job]]]
    stop: Callable[[], None]
    has_news: Callable[[], bool] = never


def progress(name: str, waiting: Waiting) -> None:
    """A bar a job with one Cancel, until other jobs are waited for: then the page is drawn anew.

    The first of a page has the key "progress", which is in the page only while something computes.
    """
    numbers = _numbers(waiting.jobs())
    if numbers:
        with st.container(key=claim_progress_key(name)):
            _watch(name, numbers, waiting)


@st.fragment(run_every=EVERY)
def _watch(name: str, numbers: tuple[int, ...], waiting: Waiting) -> None:
    jobs = waiting.jobs()
    if _numbers(jobs) != numbers or waiting.has_news():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container():
            for words, job in jobs:
                job.keep_alive()
                said = as_markdown(f"{words}{job.progress_text}")
                st.progress(min(1.0, job.fraction or 0.0), text=said)
        st.button("Cancel", key=f"cancel_{name}", on_click=waiting.stop, width=130)


def _numbers(jobs: Sequence[tuple[str, Job]]) -> tuple[int, ...]:
    return tuple(job.number for _, job in jobs)
