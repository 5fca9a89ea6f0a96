"""A websocket hands on what a page says, drops what it never does, and closes on noise."""

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from support.streamlit_client import by_itself

from components.web.messages import LONGEST_NAME, MOST_FILES, OwnMessages


def heard(*came):
    """What the server hears of what came on a websocket, and what it has sent by itself."""
    waiting = [{"type": "websocket.connect"}, *came, {"type": "websocket.disconnect"}]
    got, sent = [], []

    async def server(scope, receive, send):
        while not got or got[-1]["type"] != "websocket.disconnect":
            got.append(await receive())

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    by_itself(OwnMessages(server)({"type": "websocket"}, receive, send))
    return got[1:-1], sent


def said(**given):
    """A message as it comes; of a message within it, its fields."""
    message = BackMsg()
    for name, value in given.items():
        if isinstance(value, dict):
            part = getattr(message, name)
            part.SetInParent()
            for field, text in value.items():
                if isinstance(text, list):
                    getattr(part, field).extend(text)
                elif isinstance(text, dict):
                    getattr(part, field).SetInParent()
                else:
                    setattr(part, field, text)
        else:
            setattr(message, name, value)
    return {"type": "websocket.receive", "bytes": message.SerializeToString()}


@pytest.mark.parametrize(
    "message",
    [
        said(rerun_script={"query_string": "prompt=a", "fragment_id": "x" * LONGEST_NAME}),
        said(stop_script=True),
        said(app_heartbeat=True),
        said(file_urls_request={"file_names": ["run.json"]}),
        said(backend_operation_request={"deferred_file": {}}),
        said(backend_operation_request={"dataframe_chunk": {}}),
    ],
)
def test_what_a_page_says_is_handed_on_as_it_is(message):
    assert heard(message) == ([message], [])


@pytest.mark.parametrize(
    "message",
    [
        said(),
        said(clear_cache=True),
        said(load_git_info=True),
        said(set_run_on_save=True),
        said(debug_shutdown_runtime=True),
        said(debug_disconnect_websocket=True),
        said(backend_operation_request={}),
        said(backend_operation_request={"install_skills": {}}),
        said(backend_operation_request={"dismiss_skills_nudge": {}}),
        said(backend_operation_request={"deferred_file": {}, "request_id": "x" * 2_000}),
        said(file_urls_request={"file_names": ["x"] * (MOST_FILES + 1)}),
        said(file_urls_request={"file_names": ["x" * 100_000]}),
        said(rerun_script={"fragment_id": "x" * (LONGEST_NAME + 1)}),
        said(rerun_script={"page_name": "x" * (LONGEST_NAME + 1)}),
        said(rerun_script={"page_script_hash": "x" * (LONGEST_NAME + 1)}),
    ],
)
def test_what_no_page_says_is_dropped_and_the_next_is_heard(message):
    after = said(stop_script=True)
    assert heard(message, after) == ([after], [])


@pytest.mark.parametrize(
    "noise",
    [
        {"text": "hello"},
        {"bytes": b"\xff" * 1_000},
        {"bytes": said(rerun_script={"query_string": "prompt"})["bytes"][:-2]},
    ],
)
def test_noise_ends_the_conversation(noise):
    got, sent = heard({"type": "websocket.receive", **noise}, said(stop_script=True))
    assert got == []
    assert [(each["type"], each["code"]) for each in sent] == [("websocket.close", 1002)]
