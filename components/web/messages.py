"""What a websocket may say to the server: what a page of this dashboard says, and nothing else.

Streamlit (1.67) also takes messages that are meant for whoever develops an app: to empty the caches
of everybody, to tell which files lie beside it that git does not know, to write into its folder. A
page says none of that here. What is no message at all ends in its log as a traceback.
"""

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAID = ("stop_script", "app_heartbeat")
"""Beside the messages that are looked into."""
OPERATIONS = ("deferred_file", "dataframe_chunk")
"""What a page asks for beside its script: a file to download, the rest of a long table."""
MOST_FILES = 16
"""Places for files that are asked for at once: a box takes one file."""
LONGEST_NAME = 1_000
"""Characters of what names a page, a part of it or a file: some of it is said in the log."""
PROTOCOL_ERROR = 1002
"""Of the codes with which a websocket is closed."""

_log = logging.getLogger(__name__)


class OwnMessages:
    """Hands on what a page may say, drops other messages, and closes where none came."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request or websocket."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        async def heard() -> "Message":
            while True:
                came = await receive()
                if came["type"] != "websocket.receive":
                    return came
                message = read(came.get("bytes"))
                if message is None:
                    _log.warning("A websocket is closed: what came is no message of a page")
                    closed = {"code": PROTOCOL_ERROR, "reason": ""}
                    await send({"type": "websocket.close", **closed})
                    return {"type": "websocket.disconnect", **closed}
                if may_be_said(message):
                    return came

        await self._app(scope, heard, send)


def read(raw: bytes | None) -> Any | None:
    """A `BackMsg` from what came; None where it is none, or a text."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    try:
        return None if raw is None else BackMsg.FromString(raw)
    except Exception:  # protobuf's own, which it keeps for itself
        return None


def may_be_said(message: Any) -> bool:
    """Whether a `BackMsg` is one that a page of this dashboard sends."""
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        asked = message.backend_operation_request
        of = asked.WhichOneof("payload")
        return of in OPERATIONS and asked.ByteSize() <= LONGEST_NAME
    if kind == "file_urls_request":
        asked = message.file_urls_request
        return len(asked.file_names) <= MOST_FILES and asked.ByteSize() <= MOST_FILES * LONGEST_NAME
    if kind == "rerun_script":
        run = message.rerun_script
        names = (run.page_script_hash, run.page_name, run.fragment_id)
        return all(len(name) <= LONGEST_NAME for name in names)
    return kind in SAID
