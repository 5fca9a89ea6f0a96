"""What is thrown at a public dashboard while others use it: for `benchmarks/attack.py`.

An attack is endless: it makes one input after another, and yields how many have held since it
yielded last. An input holds where it is refused with a plain status or a sentence, or ignored, and
the server goes on; else the attack raises. What each one counts as refused stands in it.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import httpx
import shapes  # noqa: F401  # puts tests/ on the path

from support import forged  # isort: skip
from support.frozen import V1, links  # isort: skip
from support.hostile import SCRIPT  # isort: skip
from support.mutations import mutations  # isort: skip
from support.streamlit_client import Session, SessionLostError  # isort: skip

SECRET = "zanzibar lighthouse"
"""In the prompt of a run that is deleted: nobody may be shown it."""
PATIENCE = 120.0
"""Seconds for an answer, of a machine that is shared with the crowd."""
IDLE = 200
"""Sockets that ask for nothing, at once."""
EXPORTS = ("export/foil.json", "export/mean-own-reference.json")
PAGES = ("", "hypothesis", "patching", "history", "compare")
NAMES = (
    "/etc", "/etc/passwd", "/no/such/folder", "~root/x", "~nobody-here/x", "..", "../../../etc",
    "someone/model", "tests", "file:///etc/passwd", "http://127.0.0.1:1/x", "\\\\server\\share",
    "C:\\Windows", "demo/../../etc", "/proc/self/environ", "/dev/zero", "x" * 900, SCRIPT,
)  # fmt: skip
BOMBS = (
    "a" * 45_000, "a" * 60_000, " " * 40_000 + "b", "(a+)+b" * 5_000, "\u0344" * 20_000,
    "<|endoftext|>" * 3_000, "é\u200d\u202e" * 9_000, "\x00\x1b[2J\ufffe" * 2_000, SCRIPT * 200,
    "0-999999," * 800, "1" * 30_000, '"", ' * 9_000, "\n".join(map(str, range(9_000))),
)  # fmt: skip
PATHS = (
    "/static/../../../../etc/passwd", "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/media/../app.py",
    "/component/x/../../../app.py", "/_stcore/bidi-components/x/../../app.py", "/app/static/app.py",
    "//etc/passwd", "/%00", "/_stcore/metrics", "/_stcore/metrics/", "/_stcore/agent/openapi.json",
    "/_stcore/script-health-check", "/.git/config", "/app.py", "/core/settings.py", "/%ff%fe",
    "/_stcore/upload_file/x/y", "/_stcore/stream", "/history/../../x", "/" + "x" * 30_000,
)  # fmt: skip


FOREIGN = (
    "evil.example", "localhost.evil.example", "127.1.evil", "localhost:99999999", "", "a" * 5_000,
    "[::1", "localhost, evil.example", "*",
)  # fmt: skip
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: streamlit\r\n"
)
INSIDES = (b"root:x:", b"[core]", b"set_page_config", b"class Settings", b"cache_memory_bytes")
"""Of a system's users, git, our own files, and Streamlit's counts of what is in memory."""


class HoleError(Exception):
    """An input did what none may."""


@dataclass(frozen=True)
class Target:
    """The server's address, and the id of a run that is deleted there."""

    url: str
    deleted: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80


Attack = Callable[[Target, random.Random], AsyncIterator[int]]


async def hostile_links(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Addresses with markup, endless numbers, paths and damage. They open a page without fail."""
    known = [link["address"].partition("?")[2].encode() for link in links()]
    fields = ("prompt", "target", "model", "head", "view", "metric", "run", "positions", "ablation")
    while True:
        made = [raw.decode("latin-1") for raw in mutations(drawn.choice(known), drawn.random(), 4)]
        made += [urlencode({drawn.choice(fields): text[:8_000] for text in drawn.sample(BOMBS, 2)})]
        for query in drawn.sample(made, min(6, len(made))):
            async with Session(target.url, drawn.choice(PAGES), query, timeout=PATIENCE) as session:
                await session.at_rest()
            yield 1


async def deleted_runs(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """A deleted run by its id, whole or not, and by its prompt. None of them shows it."""
    while True:
        for name in (target.deleted, target.deleted[: drawn.randrange(4, 20)], "0" * 64):
            query = f"run={name}&a={name}&b={name}"
            async with Session(target.url, drawn.choice(PAGES), query, timeout=PATIENCE) as session:
                await session.at_rest()
                if SECRET in " ".join(node.words for node in session.page.nodes.values()):
                    raise HoleError(f"?run={name} shows a deleted run")
            yield 1


async def forged_widgets(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Values that no widget has, for all of a page at once. The page is drawn without fail."""
    while True:
        async with Session(target.url, drawn.choice(PAGES), timeout=PATIENCE) as session:
            await session.at_rest()
            for _ in range(8):
                widgets = [node.id for node in session.page.nodes.values() if node.id]
                states = list(forged.for_widgets(widgets, drawn))
                await session.forge(states)
                yield len(states)


async def forged_messages(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Messages that no page sends, and noise. The session goes on, or its connection is closed."""
    while True:
        left = forged.messages("no-such-session")
        while (raw := next(left, None)) is not None:
            async with Session(target.url, drawn.choice(PAGES), timeout=PATIENCE) as session:
                with suppress(SessionLostError):
                    while raw is not None:
                        await session.say(raw)
                        raw = next(left, None)
                        yield 1
        await asyncio.sleep(1)


async def odd_hosts(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Foreign names in Host and Origin, on pages and websockets. Each is answered 400 or 403."""
    own = f"localhost:{target.port}"
    stream = "GET /_stcore/stream HTTP/1.1\r\n"
    while True:
        for name in (*FOREIGN, f"evil.example:{target.port}"):
            asked = [
                f"GET / HTTP/1.1\r\nHost: {name}\r\n",
                f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: {name}\r\n",
                f"{stream}Host: {name}\r\nOrigin: http://{own}\r\n{UPGRADE}",
            ]
            if name:
                asked.append(f"{stream}Host: {own}\r\nOrigin: http://{name}\r\n{UPGRADE}")
            for request in asked:
                status = await _status(target, f"{request}\r\n".encode())
                if status not in (400, 403):
                    raise HoleError(f"{request[:200]!r} is answered {status}")
                yield 1
        await asyncio.sleep(drawn.random())


async def odd_paths(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Files and insides of the server by their paths. No answer has any of them, none is a 5xx."""
    while True:
        for path in PATHS:
            said = await _said(target, _get(path, target))
            status = int(said.split(b" ", 2)[1]) if said else 0
            told = any(part in said for part in INSIDES)
            if status >= 500 or told:
                raise HoleError(f"{path[:100]} is answered {status}: {said[-200:]!r}")
            yield 1
        await asyncio.sleep(drawn.random())


async def uploads(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Files too large, unasked for, without the token, or to elsewhere. All are refused."""
    async with httpx.AsyncClient(base_url=target.url, trust_env=False, timeout=PATIENCE) as client:
        await client.get("/_stcore/health")
        token = {"X-Xsrftoken": client.cookies["_streamlit_xsrf"]}
        while True:
            async with Session(target.url, "history", timeout=PATIENCE) as session:
                place = f"/_stcore/upload_file/{session.id}"
                large, small = b" " * 13_000_000, b"{}"
                for path, content, headers in (
                    (f"{place}/a", large, token), (f"{place}/a", small, {}),
                    (f"{place}/a", small, {"X-Xsrftoken": "x"}),
                    ("/_stcore/upload_file/nobody/a", small, token),
                    ("/_stcore/upload_file/../../x", small, token),
                ):  # fmt: skip
                    file = {"file": ("run.json", content, "application/json")}
                    got = await client.put(path, files=file, headers=headers)
                    if got.status_code < 400 or got.status_code in (500, 502):
                        raise HoleError(f"{path} with {len(content)} bytes: {got.status_code}")
                    yield 1
                for number in range(drawn.randrange(3, 12)):  # taken, and the oldest let go
                    file = {"file": ("run.json", b" " * 3_000_000, "application/json")}
                    got = await client.put(f"{place}/{number}", files=file, headers=token)
                    if got.status_code not in (204, 503):
                        raise HoleError(f"a file of 3 MB is answered {got.status_code}")
                    yield 1
            await asyncio.sleep(2)


async def idle_sockets(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Connections that ask for nothing, or a byte at a time. The server answers others, and ends
    them in time."""
    while True:
        async with AsyncExitStack() as held:
            asked = (b"", b"", b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
                     b"PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: 9000000\r\n\r\n")  # fmt: skip
            sockets = []
            for _ in range(IDLE):
                with suppress(OSError):
                    reader, writer = await asyncio.open_connection("localhost", target.port)
                    held.callback(writer.close)
                    writer.write(drawn.choice(asked))
                    sockets.append((reader, writer))
            for _ in range(20):
                for _, writer in sockets:
                    if not writer.is_closing():
                        writer.write(b"x") if drawn.random() < 0.1 else None
                await asyncio.sleep(1)
            if (status := await _status(target, _get("/healthz", target))) != 200:
                raise HoleError(f"beside {IDLE} idle sockets /healthz is answered {status}")
            yield len(sockets)


async def hostile_exports(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Damaged, nested and endless files in the box for runs. They open, or are a sentence."""
    made = [
        '{"schema": ' * 9_000,
        "[" * 200_000,
        '{"a": "' + "x" * 9_000_000,
        "NaN",
        "",
        "\x00" * 9,
    ]
    while True:
        whole = (V1 / drawn.choice(EXPORTS)).read_bytes()
        given = [
            *drawn.sample(list(mutations(whole, drawn.random())), 8),
            drawn.choice(made).encode(),
        ]
        given.append(_with_script(whole))
        for raw in given:
            async with Session(target.url, timeout=PATIENCE) as session:
                await session.at_rest()
                box = next(
                    n.key for n in session.page.nodes.values() if n.key.startswith("import_file")
                )
                await session.give(box, "run.json", raw)
                await session.at_rest()
            yield 1


async def bombs(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Texts made to be slow to tokenise, to expand or to search, in every box for text."""
    while True:
        for page in ("", "hypothesis", "history"):
            async with Session(
                target.url, page, "ablation=mean&positions=1", timeout=PATIENCE
            ) as s:
                await s.settled()
                for kind in ("text_input", "text_area"):
                    keys = [n.key for n in s.page.nodes.values() if n.kind == kind and n.key]
                    for key in keys:
                        if s.shows(key):
                            await s.set(key, drawn.choice(BOMBS))
                            yield 1


async def model_names(target: Target, drawn: random.Random) -> AsyncIterator[int]:
    """Names that are paths, or of others' models. Each has the same answer, whatever exists."""
    while True:
        async with Session(target.url, timeout=PATIENCE) as session:
            await session.settled()
            for name in drawn.sample(NAMES, 6):
                await session.set("model", name)
                await session.at_rest()
                said = " ".join(session.errors())
                if "not among the models allowed here" not in said:
                    raise HoleError(f"the model {name[:60]!r} is answered {said[:200]!r}")
                yield 1


ATTACKS: dict[str, Attack] = {
    "links": hostile_links,
    "deleted runs by id": deleted_runs,
    "widgets' values": forged_widgets,
    "messages": forged_messages,
    "Host and Origin": odd_hosts,
    "paths": odd_paths,
    "uploads": uploads,
    "idle and slow sockets": idle_sockets,
    "exports to import": hostile_exports,
    "bombs in text boxes": bombs,
    "model names": model_names,
}


def _with_script(raw: bytes) -> bytes:
    """An export with markup for every text in it that may say anything."""

    def change(value: object) -> object:
        if isinstance(value, dict):
            return {name: change(part) for name, part in value.items()}
        if isinstance(value, list):
            return [change(part) for part in value]
        return f"{value}{SCRIPT}" if isinstance(value, str) else value

    return json.dumps(change(json.loads(raw))).encode()


def _get(path: str, target: Target) -> bytes:
    host = f"Host: localhost:{target.port}\r\nConnection: close\r\n\r\n"
    return f"GET {path} HTTP/1.1\r\n{host}".encode("latin-1")


async def _said(target: Target, request: bytes) -> bytes:
    """What the server answers to a request; nothing where it hangs up."""
    reader, writer = await asyncio.open_connection("localhost", target.port)
    try:
        writer.write(request)
        with suppress(ConnectionError):
            return await asyncio.wait_for(reader.read(200_000), PATIENCE)
        return b""
    finally:
        writer.close()


async def _status(target: Target, request: bytes) -> int:
    said = await _said(target, request)
    return int(said.split(b" ", 2)[1]) if said else 0
