"""Models from a hub, in the page: a small local hub server speaks its protocol."""

import pytest
from hub_server import environment, serving
from serving import dashboard


@pytest.fixture(scope="module")
def hub(checkpoint, tmp_path_factory):
    with serving({"org/tiny": checkpoint("gpt2")}, pause=0.2) as server:
        home = tmp_path_factory.mktemp("hub-home")
        log = tmp_path_factory.mktemp("server") / "log.txt"
        with dashboard(log=log, **environment(server, home)) as url:
            yield server, url


def test_a_hub_model_is_downloaded_on_request_and_swept(hub, open_page):
    server, url = hub
    page = open_page(url=url)
    page.wait_live()
    page.choose_model("org/tiny")
    assert server.files() == [], "nothing is downloaded before it is asked for"

    page.page.locator(".st-key-run button").click()
    page.page.wait_for_selector(".st-key-progress")
    page.wait_text("provenance", "org/tiny")
    assert len(page.z()) == 3
    page.wait_text("run", "Sweep 12 heads")


def test_an_unknown_name_is_one_sentence_at_the_model_and_the_last_result_stays(hub, open_page):
    _, url = hub
    page = open_page(url=url)
    page.wait_live()
    before = page.z()
    page.choose_model("org/none")
    page.click_button("load")
    page.page.wait_for_selector(".hs-error")
    message = page.page.inner_text(".hs-error")

    assert "org/none" in message
    assert "does not exist or is private" in message
    assert page.z() == before
    page.click_button("previous_model")
    assert page.page.query_selector(".hs-error") is None
