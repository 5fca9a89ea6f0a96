"""`Session`: what one tab remembers beside its widgets, a value a page or concern."""

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.state.address import Address
from components.state.browser import browser_id
from components.state.compare_page import ComparePage
from components.state.composer import Composer
from components.state.front_page import front_page_spec
from components.state.history_page import HistoryPage, ImportBox
from components.state.hypothesis_page import HypothesisPage
from components.state.kind_comparison import KindComparison
from components.state.patching_page import PatchingPage
from components.state.sealed import Effects, SealedSweep, SeenQuestions
from components.state.second_kind import SecondKind
from components.state.selection import Selection
from components.state.sweep_page import SweepPage
from components.state.tab_models import TabModels
from components.state.tab_tasks import TabTasks
from components.state.tour import Tour
from core.demo import example
from core.jobs import Job
from core.results.prediction import Looked


@dataclass(slots=True, weakref_slot=True, eq=False)
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
    composer: Composer = field(default_factory=Composer)
    kinds: KindComparison = field(default_factory=KindComparison)
    tour: Tour = field(default_factory=Tour)
    second: SecondKind = field(default_factory=SecondKind)
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

    def give_up_work(self) -> None:
        """Nobody looks any more: what this tab waits for is given up; others still get theirs."""
        self.sweep.stop()
        self.kinds.stop()
        self.second.stop()
        self.models.stop_loading()
        for slot in list(self.tasks.jobs):
            self.tasks.forget(slot)
        for name in list(self.compare.jobs):
            self.compare.stop(name)

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


_TABS: WeakValueDictionary[str, Session] = WeakValueDictionary()
"""The tabs of this server, by Streamlit's names of their sessions."""


def remember_tab(state: Session) -> None:
    """Let `tabs` have a tab, for as long as Streamlit keeps its session."""
    context = get_script_run_ctx()
    if context is not None:
        _TABS[context.session_id] = state


def tabs() -> dict[str, Session]:
    """Every tab that Streamlit still keeps, by the name of its session."""
    return dict(_TABS)


def session() -> Session:
    """This tab's state, made on its first run with the front page's example on screen."""
    if "headsweep" not in st.session_state:
        state = new_session(browser_id())
        _show_front_page(state.sweep)
        st.session_state["headsweep"] = state
        remember_tab(state)
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
