"""A session holds its newest files, the server its newest, and few arrive at once."""

import asyncio

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from support.own_loop import run_in_own_loop

from components.web import uploads
from components.web.uploads import AT_ONCE, IN_ALL, PER_SESSION, BoundedUploads


class Server:
    """Takes every file, as Streamlit's upload address does, once `go` is set."""

    def __init__(self) -> None:
        self.uploaded_file_mgr = MemoryUploadedFileManager("/upload")
        self.go = asyncio.Event()
        self.status = 204

    async def __call__(self, scope, receive, send):
        await self.go.wait()
        session, file = scope["path"].split("/")[-2:]
        if self.status == 204:
            record = UploadedFileRec(file, "run.json", "application/json", b"{}")
            self.uploaded_file_mgr.add_file(session, record)
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def held(self, session: str) -> list[str]:
        return list(self.uploaded_file_mgr.file_storage[session])


@pytest.fixture
def server(monkeypatch):
    found = Server()
    monkeypatch.setattr("streamlit.runtime.get_instance", lambda: found)
    return found


async def put(app, session: str, file: str, method: str = "PUT") -> int:
    said = []

    async def send(message):
        said.append(message)

    path = f"/lab/_stcore/upload_file/{session}/{file}"
    scope = {"type": "http", "method": method, "path": path, "headers": [], "extensions": {}}
    await app(scope, None, send)
    return said[0]["status"]


def test_a_session_and_the_server_hold_their_newest_files(server):
    async def many():
        server.go.set()
        app = BoundedUploads(server)
        for number in range(PER_SESSION + 3):
            assert await put(app, "mine", f"f{number}") == 204
        assert server.held("mine") == [f"f{n}" for n in range(3, PER_SESSION + 3)]
        await put(app, "mine", "f6")  # the same once more is no other one
        assert len(server.held("mine")) == PER_SESSION
        for number in range(IN_ALL):
            await put(app, f"other{number}", "f")
        assert server.held("mine") == []
        assert server.held("other0") == ["f"]

    run_in_own_loop(many())


def test_few_files_arrive_at_once(server):
    async def many():
        app = BoundedUploads(server)
        waiting = [asyncio.create_task(put(app, f"s{n}", "f")) for n in range(AT_ONCE)]
        await asyncio.sleep(0)
        assert await put(app, "late", "f") == 503
        server.go.set()
        assert await asyncio.gather(*waiting) == [204] * AT_ONCE
        assert await put(app, "late", "f") == 204

    run_in_own_loop(many())


def test_what_is_refused_takes_no_room(server):
    async def many():
        server.go.set()
        app = BoundedUploads(server)
        await put(app, "mine", "kept")
        server.status = 403
        for number in range(IN_ALL + 1):
            assert await put(app, "mine", f"{number}") == 403
        assert server.held("mine") == ["kept"]
        assert uploads.IN_ALL >= uploads.PER_SESSION

    run_in_own_loop(many())
