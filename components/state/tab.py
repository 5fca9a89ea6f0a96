"""`Session`: what one tab remembers beside its widgets, a value a page or concern."""

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from components.state.address import Address
from components.state.compare_page import ComparePage
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


def session() -> Session:
    """This tab's state, made on its first run with the saved example on screen."""
    if "headsweep" not in st.session_state:
        state = new_session()
        saved = SealedSweep(example.saved(), layer_effects=example.saved_layer_effects())
        state.sweep.show(saved, example.SPEC, saved=True)
        st.session_state["headsweep"] = state
    found: Session = st.session_state["headsweep"]
    return found
