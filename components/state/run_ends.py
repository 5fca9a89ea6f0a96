"""A look that comes just as a run ends waits until the run's last messages have been sent.

A fragment that looks for news by itself may ask for its run at the moment when the page's script
has ended and what it has said last is not sent yet. Streamlit (1.67) then begins another run at
once, and drops every message of the one before that is still under way: what was drawn last, the
address, and that the run is over, so that what it has not drawn again stays on the page. Nothing
repairs that before the next whole run, which may be long in coming.
"""

from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData

SOON = 0.01
"""Seconds until the messages are looked for again: sending them takes about a millisecond."""

_begin_run = AppSession._create_scriptrunner


def hear_runs_out() -> None:
    """From now on, no session begins a run before the last messages of the one before are sent."""
    AppSession._create_scriptrunner = _begin_after_the_last  # type: ignore[method-assign,assignment]


def _begin_after_the_last(session: AppSession, asked: RerunData) -> None:
    before = session._scriptrunner
    if session._state is AppSessionState.SHUTDOWN_REQUESTED:
        return
    if before is None:
        _begin_run(session, asked)
    elif not before.request_rerun(asked):  # it has ended, and its end has not been told yet
        session._event_loop.call_later(SOON, _begin_after_the_last, session, asked)
