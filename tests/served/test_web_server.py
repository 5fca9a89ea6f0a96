"""What stands before the pages on a real server: hosts, headers, uploads, idle connections."""

import contextlib
import re
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest
from support.saved_run import run_of
from support.serving import dashboard
from support.streamlit_client import Session, by_itself
from support.streamlit_page import state_of
from support.streamlit_upload import upload
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from core.store.store import Store

pytestmark = [pytest.mark.served, pytest.mark.slow]


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False, timeout=20)


def websocket(url: str, host: str, origin: str) -> int:
    """The status with which a websocket is answered that comes under `host` from `origin`."""

    async def ask() -> int:
        stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
        try:
            async with connect(
                stream.replace(urlsplit(url).netloc, host),
                host="localhost",
                port=urlsplit(url).port,
                origin=origin,
                subprotocols=[Subprotocol("streamlit")],
                proxy=None,
            ):
                return 101
        except InvalidStatus as error:
            return error.response.status_code

    return by_itself(ask())


def test_a_foreign_host_gets_no_page_and_no_websocket(server):
    port = urlsplit(server).port
    for path in ("/", "/_stcore/health", "/healthz", "/static/x", "/nothing"):
        answer = get(f"{server}{path}", Host=f"evil.example:{port}")
        assert answer.status_code == 403
        assert "HEADSWEEP_ALLOWED_HOSTS" in answer.text
    foreign, own = f"evil.example:{port}", f"localhost:{port}"
    assert websocket(server, foreign, f"http://{foreign}") == 403
    assert websocket(server, own, f"http://{foreign}") == 403
    assert websocket(server, own, "null") == 403
    assert websocket(server, own, f"http://{own}") == 101
    assert websocket(server, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}") == 101


@pytest.mark.parametrize("path", ["/", "/history", "/healthz", "/_stcore/health", "/media/none"])
def test_every_answer_tells_browsers_what_a_page_may_do(server, path):
    found = get(f"{server}{path}").headers
    policy = dict(each.split(" ", 1) for each in found["Content-Security-Policy"].split("; "))
    assert policy["frame-ancestors"] == "'self'"
    assert "unsafe-inline" not in policy["script-src"]
    assert "unsafe-eval" not in policy["script-src"].replace("wasm-unsafe-eval", "")
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Referrer-Policy"] == "same-origin"
    assert found["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in found["Permissions-Policy"]
    assert "server" not in found


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/_stcore/metrics?x=1"])
def test_nobody_is_told_how_the_insides_stand(server, path):
    answer = get(f"{server}{path}")
    assert answer.status_code == 404
    assert "cache_memory" not in answer.text


def test_no_larger_file_is_taken_than_a_run_can_have(server):
    async def give() -> None:
        async with Session(server, "history") as session:
            place = f"/_stcore/upload_file/{session.id}/some-file"
            await upload(server, place, "run.json", b" " * 12_000_000)
            with pytest.raises(httpx.HTTPStatusError, match="413"):
                await upload(server, place, "run.json", b" " * 13_000_000)

    by_itself(give())


def test_an_endless_address_is_a_sentence(server):
    with socket.create_connection(("localhost", urlsplit(server).port), timeout=20) as asked:
        asked.sendall(b"GET /?prompt=" + b"x" * 100_000)
        said = asked.makefile("rb").read()
    assert said.startswith(b"HTTP/1.1 400")
    assert b"export the run as JSON" in said


FEW_DESCRIPTORS = (
    "-c",
    "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (500, 500)); "
    "sys.path.insert(0, '.'); import components.web.connections as connections; "
    "connections.FIRST_SECONDS = 4; runpy.run_module('components.server', run_name='__main__')",
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A read-only server with 500 descriptors that listens everywhere, as lab.example too.

    A connection has four seconds to ask for something. In its database are a run that is deleted
    and one that is not.
    """
    log = tmp_path_factory.mktemp("small") / "log.txt"
    given = {
        "HEADSWEEP_ADDRESS": "0.0.0.0",
        "HEADSWEEP_ALLOWED_HOSTS": "lab.example",
        "HEADSWEEP_FRAMED_BY": "https://teaching.example",
        "HEADSWEEP_READ_ONLY": "true",
    }
    (log.parent / "data").mkdir()
    store = Store(f"sqlite:///{log.parent / 'data' / 'runs.sqlite3'}")
    store.delete([store.keep(run_of("a secret that is deleted"))])
    store.keep(run_of("a run for everybody"))
    store.close()
    with dashboard(log=log, program=FEW_DESCRIPTORS, **given) as url:
        yield url, log


def test_one_that_listens_everywhere_knows_its_addresses_and_the_proxys_name(small):
    url, _ = small
    for host in ("lab.example", "LAB.example:443", "192.168.1.7:8501", "[2001:db8::1]:8501"):
        assert get(f"{url}/healthz", Host=host).status_code == 200
    assert get(f"{url}/healthz", Host="evil.example").status_code == 403
    assert websocket(url, "lab.example:8080", "http://lab.example:8080") == 101
    policy = get(url).headers["Content-Security-Policy"]
    assert re.search(r"frame-ancestors 'self' https://teaching\.example$", policy)


def test_the_public_is_shown_no_deleted_run_and_no_folder(small, new_tab):
    url, _ = small
    page = new_tab(url)
    page.visit(f"{url}/history")
    assert "a run for everybody" in page.text("history")
    assert not page.session.shows("history_deleted")
    page.session.page.values["history_deleted"] = state_of("history_deleted", True)
    page.type("history_text", "secret")
    assert "a secret" not in page.text("history")
    page.visit(url)
    said = set()
    for name in ("/etc", "/no/such/folder", "~root/x", "~nobody-here/x", "someone/model", "tests"):
        page.choose_model(name)
        said.add(page.errors().replace(name, "X"))
    assert len(said) == 1
    assert "is not among the models allowed here" in said.pop()


def test_a_run_that_neither_a_link_nor_the_database_holds_says_so(small, new_tab):
    page = new_tab(small[0])
    page.visit(small[0])
    page.wait_live()
    page.choose("ablation", "mean")
    page.choose("reference_choice", "pasted")
    for n_prompts in (2, 101):  # a link names no more than 100
        page.type("reference_text", "\n".join(f"Cat {n}." for n in range(n_prompts)))
        page.run()
        page.wait_text("run_bar", "this Headsweep is read-only")
        assert ("too long for a link" in page.text("run_bar")) is (n_prompts > 100)


def test_idle_connections_cost_nobody_the_page_and_fill_no_log(small):
    url, log = small
    before = log.stat().st_size
    address = "127.0.0.1", urlsplit(url).port
    with contextlib.ExitStack() as held:
        for _ in range(700):
            with contextlib.suppress(OSError):
                held.enter_context(socket.create_connection(address, timeout=5))
        end = time.monotonic() + 40
        while True:  # the first of them are given up after a while, and the page is there again
            try:
                if get(f"{url}/").status_code == 200:
                    break
            except httpx.HTTPError:
                assert time.monotonic() < end
                time.sleep(0.5)
    assert log.stat().st_size - before < 20_000
