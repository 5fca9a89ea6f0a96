"""A session whose browser is gone ends when its time is over, whether others come or not."""

import asyncio
import contextlib
from types import SimpleNamespace

from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo
from support.streamlit_client import by_itself

from components.web import dead_sessions
from components.web.dead_sessions import let_go


class Session:
    def __init__(self, name: str) -> None:
        self.id, self.ended = name, False

    def shutdown(self) -> None:
        self.ended = True


def test_those_whose_time_is_over_end_and_the_others_stay(monkeypatch):
    clock = [0.0]
    storage = MemorySessionStorage(ttl_seconds=60)
    monkeypatch.setattr(storage._cache, "_timer", lambda: clock[0])
    runtime = SimpleNamespace(_session_mgr=SimpleNamespace(_session_storage=storage))
    early, late = Session("early"), Session("late")
    storage.save(SessionInfo(None, early))
    clock[0] = 30.0
    storage.save(SessionInfo(None, late))
    assert let_go(runtime) == 0
    clock[0] = 61.0
    assert let_go(runtime) == 1
    assert (early.ended, late.ended) == (True, False)
    assert storage.get("late").session is late


def test_one_that_cannot_be_ended_keeps_none_of_the_later_ones(monkeypatch):
    looks, given_back = [], []

    def look(runtime):
        looks.append(runtime)
        if len(looks) == 1:
            raise RuntimeError("a session that cannot be ended")
        return len(looks) - 2

    monkeypatch.setattr(dead_sessions, "EVERY", 0.01)
    monkeypatch.setattr(dead_sessions, "let_go", look)
    monkeypatch.setattr(dead_sessions, "give_memory_back", lambda: given_back.append(len(looks)))

    async def a_while():
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(dead_sessions.let_dead_sessions_go(None), 0.5)

    by_itself(a_while())
    assert len(looks) > 3
    assert given_back[0] == 3, "only where one was let go"
