"""A fragment's look that comes as a run ends waits until what the run has said last is sent.

The session and its runner are stand-ins with what is read of them: real ones end when they like.
"""

import asyncio
from types import SimpleNamespace

import pytest
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData
from support.own_loop import run_in_own_loop

from components.state import run_ends

LOOK = RerunData(fragment_id="a fragment's", is_auto_rerun=True)


class Runner:
    """What a session sees of its runner: one that has ended takes no more requests."""

    def __init__(self, *, ended):
        self.ended = ended
        self.asked = []

    def request_rerun(self, asked):
        if not self.ended:
            self.asked.append(asked)
        return not self.ended


@pytest.fixture
def begun(monkeypatch):
    """The runs that sessions have begun."""
    found = []
    monkeypatch.setattr(AppSession, "_create_scriptrunner", AppSession._create_scriptrunner)
    monkeypatch.setattr(run_ends, "_begin_run", lambda _, asked: found.append(asked))
    run_ends.hear_runs_out()
    return found


@pytest.fixture
def session():
    """An open session in which no script runs."""
    loop = asyncio.new_event_loop()
    state = AppSessionState.APP_NOT_RUNNING
    yield SimpleNamespace(_event_loop=loop, _state=state, _scriptrunner=None)
    loop.close()


def ask(session):
    AppSession._create_scriptrunner(session, LOOK)


def pass_time(session):
    run_in_own_loop(asyncio.sleep(3 * run_ends.SOON), session._event_loop)


def test_without_a_run_before_it_a_run_begins_at_once(session, begun):
    ask(session)
    assert begun == [LOOK]


def test_a_run_that_has_ended_is_heard_out_first(session, begun):
    session._scriptrunner = Runner(ended=True)
    ask(session)
    pass_time(session)
    assert begun == []
    session._scriptrunner = None  # its end has been told
    pass_time(session)
    assert begun == [LOOK]


def test_a_whole_run_begun_meanwhile_takes_the_look_over(session, begun):
    session._scriptrunner = Runner(ended=True)
    ask(session)
    session._scriptrunner = Runner(ended=False)
    pass_time(session)
    assert (begun, session._scriptrunner.asked) == ([], [LOOK])


def test_a_tab_closed_meanwhile_begins_nothing(session, begun):
    session._scriptrunner = Runner(ended=True)
    ask(session)
    session._state, session._scriptrunner = AppSessionState.SHUTDOWN_REQUESTED, None
    pass_time(session)
    assert begun == []
