"""A Hugging Face hub for tests: local folders, served as `huggingface_hub` expects them.

    with serving({"org/name": folder}) as hub:
        ...  # HF_ENDPOINT=hub.url; hub.requests is what was asked for

It answers what a download asks: a model's listing, and its files (HEAD and GET). As at the real
hub, weights are said to be had by Xet too. What goes wrong is switched on by the fields of `Hub`.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Hub:
    """A running hub. Its fields may be changed at any time; they hold from the next request on."""

    repos: dict[str, Path]
    gated: bool = False
    """Files need `token`."""
    private: bool = False
    """Repos look unknown without `token`."""
    disabled: bool = False
    token: str = "hf_accepted"
    status: int | None = None
    """Answer everything with this status, such as 500 or 429."""
    file_status: int | None = None
    """Answer every file with this status."""
    page: bytes | None = None
    """Answer everything with this page, as a login page in between does."""
    cut_after: int | None = None
    """Close the connection after so many bytes of a file."""
    pause: float = 0.0
    """Seconds before the contents of each file."""
    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """(method, path) in order."""
    stopped: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens at its address until the block ends."""
        self._leave()
        try:
            yield
        finally:
            self._listen()

    def _listen(self) -> None:
        port = urlsplit(self.url).port or 0
        server = ThreadingHTTPServer(("127.0.0.1", port), type("Of", (_Handler,), {"hub": self}))
        server.daemon_threads, server.block_on_close = True, False  # connections may be held open
        self.url, self._server = f"http://127.0.0.1:{server.server_port}", server
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def _leave(self) -> None:
        server, self._server = self._server, None
        assert server is not None
        server.shutdown()
        server.server_close()

    def files(self) -> list[str]:
        """The files whose contents were asked for, in order."""
        gets = (path for method, path in self.requests if method == "GET")
        return [path.partition("/resolve/")[2].partition("/")[2] for path in gets if "/res" in path]


@contextmanager
def serving(repos: Mapping[str, Path], **faults: Any) -> Iterator[Hub]:
    """Serve folders as hub repos until the block ends; `faults` are fields of `Hub`."""
    hub = Hub(dict(repos), **faults)
    hub._listen()
    try:
        yield hub
    finally:
        hub.stopped.set()
        hub._leave()


def environment(hub: Hub, home: Path) -> dict[str, str]:
    """The variables that send a process, ours or another, to this hub and a cache of its own."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _digest(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: `Hub.requests` is the log."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path).strip("/")
        if hub._server is None:  # asked over a connection that was held open
            self.close_connection = True
            return
        hub.requests.append((self.command, path))
        repo, _, rest = path.removeprefix("api/models/").partition("/resolve/")
        trusted = self.headers.get("Authorization") == f"Bearer {hub.token}"
        if hub.page is not None:
            self._send(200, hub.page)
        elif hub.status is not None:
            self._send(hub.status)
        elif repo not in hub.repos or (hub.private and not trusted):
            # The real hub answers 401, not 404, so that nobody can find out what is private.
            self._send(404 if trusted else 401, **{"X-Error-Code": "RepoNotFound"})
        elif hub.disabled:
            self._send(403, **{"X-Error-Message": "Access to this resource is disabled."})
        elif not rest:
            self._listing(repo)
        elif hub.gated and not trusted:
            self._send(403, **{"X-Error-Code": "GatedRepo"})
        elif hub.file_status is not None:
            self._send(hub.file_status)
        else:
            self._file(repo, rest.partition("/")[2])

    def _contents(self, repo: str) -> dict[str, bytes]:
        folder = self.hub.repos[repo]
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    def _commit(self, repo: str) -> str:
        return _digest(b"".join(name.encode() + d for name, d in self._contents(repo).items()))

    def _listing(self, repo: str) -> None:
        siblings = [
            {"rfilename": name, "size": len(data), "blobId": _digest(data)}
            for name, data in self._contents(repo).items()
        ]
        body = {"id": repo, "sha": self._commit(repo), "siblings": siblings}
        self._send(200, json.dumps(body).encode())

    def _file(self, repo: str, name: str) -> None:
        data = self._contents(repo)[name]
        headers = {"ETag": f'"{_digest(data)}"', "X-Repo-Commit": self._commit(repo)}
        if name.endswith(".safetensors"):
            headers["X-Xet-Hash"] = hashlib.sha256(data).hexdigest()
            headers["Link"] = f'<{self.hub.url}/api/xet>; rel="xet-auth"'
        self._send(200, data, **headers)

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if "ETag" in headers:
            self.hub.stopped.wait(self.hub.pause)
            if self.hub.cut_after is not None:
                body, self.close_connection = body[: self.hub.cut_after], True
        try:
            self.wfile.write(body)
        except OSError:  # the asker went away, as tests do on purpose
            self.close_connection = True
