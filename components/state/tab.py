"""`Session`: what one tab remembers beside its widgets, a value a page or concern."""

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from components.state.address import Address
from components.state.browser import browser_id
from components.state.compare_page import ComparePage
from components.state.front_page import front_page_spec
from components.state.history_page import HistoryPage, ImportBox
from components.state.hypothesis_page import HypothesisPage
from components.state.kind_comparison import KindComparison
from components.state.patching_page import PatchingPage
from components.state.sealed import Effects, SealedSweep, SeenQuestions
from components.state.selection import Selection
from components.state.sweep_page import SweepPage
from components.state.tab_models import TabModels
from components.state.tab_tasks import TabTasks
from core.demo import example
from core.jobs import Job
from core.results.prediction import Looked


@dataclass(slots=True)
class Session:
    """One tab's state beside its widgets; each value says in its own module what it holds.

    `widgets` are the widgets' values of the last run, which was one of `page`.
    """

    address: Address
    selection: Selection
    seen_questions: SeenQuestions
    tasks: TabTasks
    sweep: SweepPage
    hypothesis: HypothesisPage
    patching: PatchingPage
    kinds: KindComparison = field(default_factory=KindComparison)
    models: TabModels = field(default_factory=TabModels)
    history: HistoryPage = field(default_factory=HistoryPage)
    imports: ImportBox = field(default_factory=ImportBox)
    compare: ComparePage = field(default_factory=ComparePage)
    widgets: dict[str, Any] = field(default_factory=dict)
    page: str | None = None

    def arrive(self, page: str) -> bool:
        """A run of a page begins; whether it has just been come to."""
        before, self.page = self.page, page
        return before != page

    @property
    def waiting_for(self) -> Job | None:
        """The job that this tab is waiting for, if any."""
        for job in (self.sweep.job, self.models.loading):
            if job is not None and not job.state.final:
                return job
        return None

    def reveal(self, sealed: SealedSweep, *, by_itself: bool = False) -> Effects:
        """A sweep's effects, to be drawn; its question counts as looked at from here on.

        What the front page shows by itself counts as no more than that, until a head is chosen: its
        result, and what is drawn beside that without having been asked for (`by_itself`).
        """
        sweep = self.sweep
        unasked = sweep.front_page is not None and (by_itself or sealed is sweep.result)
        is_closer = self.selection.head is not None
        looked = Looked.FRONT_PAGE if unasked and not is_closer else Looked.YES
        return self.seen_questions.reveal(sealed, looked)


def new_session(browser: str | None = None) -> Session:
    """A tab's state before anything is on screen; `browser` is the id of the browser it is in."""
    address, seen, tasks = Address(), SeenQuestions(browser), TabTasks()
    selection = Selection(address)
    return Session(
        address=address,
        selection=selection,
        seen_questions=seen,
        tasks=tasks,
        sweep=SweepPage(selection),
        hypothesis=HypothesisPage(seen, tasks),
        patching=PatchingPage(selection),
    )


def session() -> Session:
    """This tab's state, made on its first run with the front page's example on screen."""
    if "headsweep" not in st.session_state:
        state = new_session(browser_id())
        _show_front_page(state.sweep)
        st.session_state["headsweep"] = state
    found: Session = st.session_state["headsweep"]
    return found


def _show_front_page(sweep: SweepPage) -> None:
    """The saved example, which is of one kind; where another is the default, it is swept."""
    sweep.front_page = front_page_spec()
    if sweep.front_page == example.SPEC:
        saved = SealedSweep(example.saved(), layer_effects=example.saved_layer_effects())
        sweep.show(saved, example.SPEC, saved=True)
    else:
        sweep.linked, sweep.to_run = sweep.front_page, True
