"""How many uploaded files are held: a session's newest, and the server's newest.

Streamlit holds every file until its session ends, takes any number of them, and forgets none that
a page has dropped. A file is read as soon as it is there, so that the oldest are missed by nobody.
"""

import re
from collections import Counter, deque
from typing import TYPE_CHECKING

from components.web.answers import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

PER_SESSION = 4
"""Files: the page has two boxes for one each."""
IN_ALL = 24
"""Files of all sessions together: 300 MB at most."""
AT_ONCE = 8
"""Uploads under way: each holds its file in memory while it arrives."""

_PATH = re.compile(r".*/_stcore/upload_file/([^/]+)/([^/]+)")


class BoundedUploads:
    """Lets files through to the server, a few at once, and drops the oldest of too many."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app
        self._held: deque[tuple[str, str]] = deque()
        self._under_way = 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request or websocket."""
        is_put = scope["type"] == "http" and scope["method"] == "PUT"
        place = _PATH.fullmatch(scope["path"]) if is_put else None
        if place is None:
            await self._app(scope, receive, send)
        elif self._under_way >= AT_ONCE:
            sentence = "Many files are being uploaded here: try again in a moment."
            await refuse(scope, receive, send, 503, sentence)
        else:
            await self._take((place[1], place[2]), scope, receive, send)

    async def _take(
        self, file: tuple[str, str], scope: "Scope", receive: "Receive", send: "Send"
    ) -> None:
        taken = False

        async def heard(message: "Message") -> None:
            nonlocal taken
            if message["type"] == "http.response.start":
                taken = message["status"] < 300
            await send(message)

        self._under_way += 1
        try:
            await self._app(scope, receive, heard)
        finally:
            self._under_way -= 1
            if taken:
                self._hold(file)

    def _hold(self, file: tuple[str, str]) -> None:
        """Note a file that is held now, and drop what is too many."""
        from streamlit.runtime import get_instance

        # Streamlit's only one; its runtime names it by what it need not be.
        manager: MemoryUploadedFileManager = get_instance().uploaded_file_mgr  # type: ignore[assignment]
        if file in self._held:
            self._held.remove(file)
        self._held.append(file)
        while len(self._held) > IN_ALL:
            manager.remove_file(*self._held.popleft())
        counts = Counter(session for session, _ in self._held)
        if counts[file[0]] > PER_SESSION:
            oldest = next(each for each in self._held if each[0] == file[0])
            self._held.remove(oldest)
            manager.remove_file(*oldest)
