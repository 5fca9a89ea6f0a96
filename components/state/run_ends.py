"""A look that comes just as a run ends waits until the run's last messages have been sent.

A fragment that looks for news by itself may ask for its run at the moment when the page's script
has ended and what it has said last is not sent yet. Streamlit (1.67) then begins another run at
once, and drops every message of the one before that is still under way: what was drawn last, the
address, and that the run is over, so that what it has not drawn again stays on the page. Nothing
repairs that before the next whole run, which may be long in coming.

This leans on names that Streamlit keeps to itself. Where another release of it has renamed one, it
begins its runs as it does by itself: what is on a page may then be late, and nothing else.
"""

import logging
from typing import Any

from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData

SOON = 0.01
"""Seconds until the messages are looked for again: sending them takes about a millisecond."""

_begin_run: Any = getattr(AppSession, "_create_scriptrunner", None)

_log = logging.getLogger(__name__)


def hear_runs_out() -> None:
    """From now on, no session begins a run before the last messages of the one before are sent."""
    if _begin_run is None:
        _log.warning("This Streamlit begins its runs in another way: runs are not heard out")
        return
    AppSession._create_scriptrunner = _begin_after_the_last  # type: ignore[method-assign,assignment]


def _begin_after_the_last(session: AppSession, *asked: Any, **named: Any) -> None:
    try:
        before, state, loop = session._scriptrunner, session._state, session._event_loop
    except AttributeError:
        _begin_run(session, *asked, **named)
        return
    if state is AppSessionState.SHUTDOWN_REQUESTED:
        return
    one = asked[0] if len(asked) == 1 and not named else None
    if before is None or not isinstance(one, RerunData):
        _begin_run(session, *asked, **named)
    elif not before.request_rerun(one):  # it has ended, and its end has not been told yet
        loop.call_later(SOON, _begin_after_the_last, session, one)
