"""A session whose browser is gone ends when its time is over, whether others come or not."""

from types import SimpleNamespace

from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo

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
