"""Two runs of one tab that overlap share the lock of what both read and write.

A click ends a run of a page, most of which stay for what is computed, and begins another in a
thread of its own at once. The old one still goes on for a moment, and notes in the session's state
how it has ended. Streamlit (1.67) gives each its own lock of that one state: where the new one goes
through it just then, it fails ("dictionary changed size during iteration"), and the click with it.

This leans on names that Streamlit keeps to itself. Where another release of it has renamed one, it
keeps its locks apart: a click in a thousand may then fail.
"""

import logging
import threading
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state import SafeSessionState

_log = logging.getLogger(__name__)


def share_locks() -> None:
    """From now on, the runs of one session have one lock."""
    begin_run: Any = getattr(AppSession, "_create_scriptrunner", None)
    if begin_run is None or "_lock" not in SafeSessionState.__annotations__:
        _log.warning("This Streamlit locks its state in another way: runs may trip over each other")
        return
    init: Any = SafeSessionState.__init__
    locks: WeakKeyDictionary[AppSession, threading.RLock] = WeakKeyDictionary()
    current: ContextVar[threading.RLock] = ContextVar("lock")

    def begin(session: AppSession, *asked: Any, **named: Any) -> None:
        before = current.set(locks.setdefault(session, threading.RLock()))
        try:
            begin_run(session, *asked, **named)
        finally:
            current.reset(before)

    def wrapped(state: SafeSessionState, *given: Any, **named: Any) -> None:
        init(state, *given, **named)
        if (lock := current.get(None)) is not None:
            object.__setattr__(state, "_lock", lock)

    AppSession._create_scriptrunner = begin  # type: ignore[method-assign,assignment]
    SafeSessionState.__init__ = wrapped  # type: ignore[method-assign,assignment]
