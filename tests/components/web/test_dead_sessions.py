"""A session whose browser is gone ends when its time is over, whether others come or not."""

import asyncio
import contextlib
import gc
from types import SimpleNamespace

from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo
from support.streamlit_client import by_itself

from components.state import new_session, tab
from components.web import dead_sessions
from components.web.dead_sessions import let_go
from core.checkpoints.registry import key_of
from core.jobs import Job, JobState
from core.spec.ablation import AblationKind
from core.spec.spec import SweepSpec
from core.sweep.task import SweepTask


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
            await asyncio.wait_for(
                dead_sessions.let_dead_sessions_go(SimpleNamespace(is_active_session=None)), 0.5
            )

    by_itself(a_while())
    assert len(looks) > 3
    assert given_back[0] == 3, "only where one was let go"


def test_what_a_gone_tab_waits_for_is_given_up_unless_another_waits_for_it_too(monkeypatch):
    clock, here = [100.0], {"stays"}
    spec = SweepSpec(model="demo", prompt="The fox", target=" jumps")
    own, shared, measured = (Job(key_of(spec), SweepTask(spec)) for _ in range(3))
    for job in (own, shared, measured):
        job.askers, job.state = 1, JobState.WAITING
    shared.askers = 2
    tabs = {name: new_session() for name in ("stays", "goes", "comes back")}
    tabs["goes"].sweep.job = own
    tabs["goes"].kinds.jobs = {AblationKind.ZERO: shared}
    tabs["goes"].tasks.jobs["view"] = measured
    tabs["stays"].sweep.job = shared
    monkeypatch.setattr(dead_sessions.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(dead_sessions, "tabs", lambda: tabs)
    gone: dict[str, float] = {}

    def look(after: float, *back: str) -> None:
        clock[0] += after
        here.update(back)
        dead_sessions.give_up_work(here.__contains__, gone)

    look(0.0)
    look(8.0)
    assert own.state is JobState.WAITING, "its browser may come back"
    look(2.0, "comes back")
    assert (own.state, measured.state) == (JobState.CANCELLED, JobState.CANCELLED)
    assert shared.state is JobState.WAITING
    assert set(gone) == {"goes"}
    assert tabs["stays"].sweep.job is shared
    del tabs["goes"]
    look(1.0)
    assert not gone


def test_every_tab_of_the_server_is_known_by_its_session(monkeypatch):
    state = new_session()
    monkeypatch.setattr(tab, "get_script_run_ctx", lambda: SimpleNamespace(session_id="of a test"))
    tab.remember_tab(state)
    assert tab.tabs()["of a test"] is state
    del state
    gc.collect()
    assert "of a test" not in tab.tabs(), "nothing but Streamlit keeps a session"
