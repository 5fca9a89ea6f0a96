"""An address without a page is answered in our words; everything else is let through."""

from pathlib import Path

import httpx
import pytest
from support.streamlit_client import by_itself

from components.web.unknown import UnknownAddresses, page_paths

ROOT = Path(__file__).parents[3]
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def app(scope, receive, send):
    """Answers everything, as Streamlit does."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"streamlit"})


def asked(path: str, base: str = "", headers: dict[str, str] = BROWSER) -> httpx.Response:
    door = UnknownAddresses(app, page_paths(ROOT / "app.py"), base)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers=headers)

    return by_itself(ask())


def test_the_pages_are_the_files_beside_the_script():
    assert {"sweep", "hypothesis", "patching", "history", "compare"} <= page_paths(ROOT / "app.py")


@pytest.mark.parametrize("path", ["/nosuch", "/sweep/nosuch", "/nosuch/", "/%3Cb%3E?prompt=x"])
def test_who_opens_no_page_is_told_so_and_led_to_the_first_one(path):
    answer = asked(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert '<a href="/">' in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/?prompt=x", "/history", "/history/", "/_stcore/health", "/static/js/index.js",
             "/healthz", "/media/picture.png", "/favicon.png", "/history/_stcore/host-config"],
)  # fmt: skip
def test_pages_and_what_they_load_are_let_through(path):
    assert asked(path).text == "streamlit"


def test_what_is_no_browser_opening_a_page_is_let_through():
    assert asked("/nosuch", headers={"accept": "*/*"}).text == "streamlit"


def test_beneath_a_base_path_only_its_own_addresses_are_pages():
    assert asked("/lab/history", "lab").text == "streamlit"
    answer = asked("/lab/nosuch", "lab")
    assert answer.status_code == 404
    assert '<a href="/lab/">' in answer.text
