"""A browser that comes for the first time gets an id; one that has one keeps it."""

from http.cookies import SimpleCookie

import pytest
from support.streamlit_client import by_itself

from components.state.browser import COOKIE, MAX_AGE, is_browser_id
from components.web.browser_cookie import BrowserCookie

HTML = ((b"content-type", b"text/html; charset=utf-8"),)


def answered(cookie=None, headers=HTML, *, status=200, type="http", scheme="http", path="/"):
    """The Set-Cookie headers that an answer gets."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    given = [] if cookie is None else [(b"cookie", cookie.encode("latin-1"))]
    scope = {"type": type, "scheme": scheme, "headers": given}
    by_itself(BrowserCookie(app, path)(scope, None, send))
    assert [message["type"] for message in sent][-1] == "http.response.body"
    return [text.decode() for name, text in sent[0]["headers"] if name == b"set-cookie"]


def test_a_first_page_brings_a_random_id():
    (first,), (second,) = answered(), answered()
    morsel = SimpleCookie(first)[COOKIE]
    assert is_browser_id(morsel.value)
    assert morsel.value != SimpleCookie(second)[COOKIE].value
    assert (morsel["path"], morsel["max-age"]) == ("/", str(MAX_AGE))
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    assert not morsel["secure"]


def test_behind_tls_it_goes_over_tls_alone_and_under_a_path_to_that_path_alone():
    (made,) = answered(scheme="https", path="/lab/headsweep")
    assert SimpleCookie(made)[COOKIE]["secure"]
    assert SimpleCookie(made)[COOKIE]["path"] == "/lab/headsweep"


@pytest.mark.parametrize("others", ["", "; theme=dark", "; theme=dark; x=1"])
def test_a_browser_with_an_id_keeps_it(others):
    assert answered(f"{COOKIE}={'a' * 32}{others}") == []


@pytest.mark.hostile
@pytest.mark.parametrize(
    "cookie",
    [
        f"{COOKIE}=",
        f"{COOKIE}={'A' * 32}",
        f"{COOKIE}={'a' * 33}",
        f"{COOKIE}={'a' * 31}\n",
        f"other={'a' * 32}",
        f"{COOKIE}" + "=a" * 10_000,
        "=;=;\x00;é",
        f"{COOKIE}=<script>",
    ],
)
def test_what_is_no_id_of_ours_is_replaced(cookie):
    assert len(answered(cookie)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"headers": ((b"content-type", b"application/json"),)},
        {"headers": ()},
        {"status": 404},
        {"status": 304},
        {"type": "websocket"},
    ],
)
def test_what_is_no_page_sets_none(other):
    assert answered(**other) == []
