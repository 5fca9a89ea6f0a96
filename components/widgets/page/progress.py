"""The one progress widget, and the end of a page's run: staying with what is waited for.

A run of a page draws everything first, and then stays with its jobs, on the server: it sends a
browser what has changed, and nothing else, until something is there to be drawn. A click ends the
wait at once, as it ends any run of a page.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.state.page_run import claim_progress_key, wait_in_this_run, waits_of_run
from components.widgets.page.html import show_html
from components.words.escaping import as_markdown
from components.words.markup import fill
from core.jobs import Job

LOOK = 0.05
"""Seconds between looks at the jobs, and so the longest that a click waits for the wait to end."""
TELL = 0.5
"""Seconds that lie between two words on progress, or two pictures of what was found so far."""


ALL_IS_DRAWN = fill('<i class="hs-waiting" hidden></i>')
"""Put at the end of a page that goes on waiting: what an earlier run had there is hidden, though
Streamlit takes it away only once the run has ended (`page.css`)."""


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
    jobs = waiting.jobs()
    if not jobs:
        return
    with st.container(key=claim_progress_key(name), horizontal=True, vertical_alignment="center"):
        with st.container():
            bars = [_Bar(st.empty()) for _ in jobs]
        st.button("Cancel", key=f"cancel_{name}", on_click=waiting.stop, width=130)
    watched = _Watched(waiting, _numbers(jobs), bars)
    watched.tell()
    wait_in_this_run(watched)


def wait_until(changed: Callable[[], bool]) -> None:
    """Draw the page anew once something is so that nothing on it waits for with a bar."""
    wait_in_this_run(_Awaited(changed))


def stay_with_jobs() -> None:
    """At the end of a page's run: until something is to be drawn, or a click ends it."""
    waits = waits_of_run()
    if waits:
        show_html(ALL_IS_DRAWN)
    told = time.monotonic()
    while waits:
        if any(wait.is_over() for wait in waits):
            st.rerun()
        if time.monotonic() - told >= TELL:
            told = time.monotonic()
            if any(wait.has_news() for wait in waits):
                st.rerun()
            for wait in waits:
                wait.tell()
        waits[0].pause()
        st.session_state.get("headsweep")  # where Streamlit ends a run that a click has made old


class _Bar:
    """A progress bar that is sent again only where it says something else."""

    def __init__(self, place: Any) -> None:
        self._place, self._told = place, ("", -1)

    def tell(self, words: str, job: Job) -> None:
        share = min(1.0, job.fraction or 0.0)
        now = (f"{words}{job.progress_text}", round(100 * share))
        if now != self._told:
            self._told = now
            self._place.progress(share, text=as_markdown(now[0]))


@dataclass(frozen=True)
class _Watched:
    """Jobs, by their numbers, and the bars that tell of them."""

    waiting: Waiting
    numbers: tuple[int, ...]
    bars: Sequence[_Bar]

    def is_over(self) -> bool:
        return _numbers(self.waiting.jobs()) != self.numbers

    def has_news(self) -> bool:
        return self.waiting.has_news()

    def tell(self) -> None:
        for bar, (words, job) in zip(self.bars, self.waiting.jobs(), strict=False):
            job.keep_alive()
            bar.tell(words, job)

    def pause(self) -> None:
        jobs = self.waiting.jobs()
        if jobs:
            jobs[0][1].wait(LOOK)


@dataclass(frozen=True)
class _Awaited:
    """A change that comes by itself."""

    is_over: Callable[[], bool]
    has_news: Callable[[], bool] = never

    def tell(self) -> None:
        """Nothing is told meanwhile."""

    def pause(self) -> None:
        time.sleep(LOOK)


def _numbers(jobs: Sequence[tuple[str, Job]]) -> tuple[int, ...]:
    return tuple(job.number for _, job in jobs)
