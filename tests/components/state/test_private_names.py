"""What is read of Streamlit beside its public names. Another release may have renamed it.

Each place does without it then, and says in its module what is lost: look at all of them anew, and
at Streamlit's code beneath, before the number here is raised.
"""

import inspect
from importlib.metadata import version

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState, WStates
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager


def names(function):
    return {*function.__code__.co_names, *function.__code__.co_consts}


def test_it_is_the_streamlit_that_was_read():
    assert version("streamlit").split(".")[:2] == ["1", "67"], __doc__


def test_what_run_ends_reads_is_there():
    assert list(inspect.signature(AppSession._create_scriptrunner).parameters) == [
        "self", "initial_rerun_data",
    ]  # fmt: skip
    assert {"_scriptrunner", "_state", "_event_loop"} <= names(AppSession.__init__)


def test_what_overlapping_runs_reads_is_there():
    assert "_lock" in SafeSessionState.__annotations__
    assert {"_lock", "RLock"} <= names(SafeSessionState.__init__)


def test_what_widget_values_reads_is_there():
    assert isinstance(SessionState()._new_widget_state, WStates)
    assert (WStates().states, WStates().widget_metadata) == ({}, {})
    for function, given in (
        (SessionState.set_widgets_from_proto, ["self", "widget_states"]),
        (SessionState.register_widget, ["self", "metadata", "user_key"]),
    ):
        assert list(inspect.signature(function).parameters) == given


def test_what_dead_sessions_reads_is_there():
    assert "_session_storage" in names(WebsocketSessionManager.__init__)
    assert hasattr(MemorySessionStorage()._cache, "expire")
