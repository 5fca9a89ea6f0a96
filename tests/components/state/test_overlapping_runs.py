"""Two runs of one tab, in threads of their own, do not trip over each other in its state."""

import sys
import threading

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState

from components.state.overlapping_runs import share_locks

TIMES = 500


class Tab:
    """A session whose runs have what Streamlit gives them of its state."""

    def __init__(self):
        self.state = SessionState()
        self.runs = []


@pytest.fixture
def begin(monkeypatch):
    """begin(tab): another run of it."""

    def begin_run(tab):
        tab.runs.append(SafeSessionState(tab.state, lambda: None))

    monkeypatch.setattr(SafeSessionState, "__init__", SafeSessionState.__init__)
    monkeypatch.setattr(AppSession, "_create_scriptrunner", begin_run)
    share_locks()

    def begin_(tab):
        AppSession._create_scriptrunner(tab)
        return tab.runs[-1]

    return begin_


def test_the_runs_of_one_tab_have_one_lock_and_other_tabs_theirs(begin):
    mine, yours = Tab(), Tab()
    assert begin(mine)._lock is begin(mine)._lock
    assert begin(yours)._lock is not begin(mine)._lock
    apart = SafeSessionState(mine.state, lambda: None)
    assert apart._lock is not mine.runs[0]._lock, "nobody's run"


def test_a_run_that_ends_writes_while_the_next_goes_through_the_state(begin):
    tab = Tab()
    ends, begins = begin(tab), begin(tab)
    done = threading.Event()

    def end():
        number = 0
        while not done.is_set():
            ends[f"key {number % 100}"] = number
            number += 1

    pace = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=end)
    thread.start()
    try:
        for _ in range(TIMES):
            begins.on_script_will_rerun(WidgetStates())
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(pace)
