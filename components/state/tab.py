"""`Session`: what one tab remembers beside its widgets, a value a page or concern."""

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from components.state.address import Address
from components.state.compare_page import ComparePage
from components.state.composer import Composer
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

    def reveal(self, sealed: SealedSweep) -> Effects:
        """A sweep's effects, to be drawn; its question counts as looked at from here on."""
        return self.seen_questions.reveal(sealed)


def new_session() -> Session:
    """A tab's state before anything is on screen."""
    address, seen, tasks = Address(), SeenQuestions(), TabTasks()
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
    """This tab's state, made on its first run with the saved example on screen."""
    if "headsweep" not in st.session_state:
        state = new_session()
        saved = SealedSweep(example.saved(), layer_effects=example.saved_layer_effects())
        state.sweep.show(saved, example.SPEC, saved=True)
        st.session_state["headsweep"] = state
        remember_tab(state)
    found: Session = st.session_state["headsweep"]
    return found
