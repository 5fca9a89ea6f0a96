"""A prediction that is locked lasts: F5, another tab, a restart, a file; and what had been seen."""

import json
import re
import urllib.request
from http.cookies import SimpleCookie

import pytest
from support.serving import dashboard

from components.state.browser import COOKIE
from core.results.locked_prediction import LockedPrediction
from core.results.prediction import Looked
from core.store.connect import default_url
from core.store.result_kinds import PREDICTIONS
from core.store.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(server, server_folder):
    """What the server keeps."""
    store = Store(default_url(server_folder / "data"))
    yield store
    store.close()


@pytest.fixture
def browser(new_tab):
    """browser(url): opens tabs of one browser, which has been given its cookie by a page."""

    def open_(url):
        with urllib.request.urlopen(f"{url}/") as answer:
            given = SimpleCookie(answer.headers["Set-Cookie"])
        cookie = f"{COOKIE}={given[COOKIE].value}"

        def tab(address):
            page = new_tab(url, cookie)
            page.visit(f"{url}{address}")
            return page

        return tab

    return open_


def on_hypothesis(tab):
    page = tab("/hypothesis")
    page.wait_text("statement", "All heads that look like")
    page.settle()
    return page


def lock(page, heads="L1H0", percent=5):
    page.type("heads", heads)
    page.choose("outcome", "breaks it")
    page.type("predicted", str(percent))
    page.click_button("lock")
    page.wait_text("hypothesis_verdict", "Measured")
    page.settle()
    found = re.fullmatch(r"\?prediction=([0-9a-f]{12})", page.query())
    assert found, page.query()
    return found[1]


def test_it_is_there_after_f5_and_in_another_tab_and_another_browser(server, store, browser):
    tab = browser(server)
    page = on_hypothesis(tab)
    name = lock(page)
    said = page.text("under_test")
    assert f"Kept as prediction {name}" in said
    for opened in (tab, browser(server)):
        again = opened(f"/hypothesis?prediction={name}")
        again.wait_text("hypothesis_verdict", "Measured")
        assert again.text("under_test") == said
        assert again.text("hypothesis_verdict") == page.text("hypothesis_verdict")
    kept = store.read(PREDICTIONS, name).value
    assert kept.prediction.looked is Looked.NO
    assert kept.known_of == "browser"
    assert kept.spec.prepend_bos is True
    measured = f"{100 * kept.outcome.joint.prob:.1f}"
    assert measured in page.text("hypothesis_verdict")


def test_who_has_looked_and_comes_again_locks_after_looking(server, store, browser):
    tab = browser(server)
    lock(on_hypothesis(tab))
    page = on_hypothesis(tab)  # as after F5: a session of its own
    page.wait_text("statement", "the verdict will say “after looking”")
    name = lock(page)
    assert store.read(PREDICTIONS, name).value.prediction.looked is Looked.YES
    other = on_hypothesis(browser(server))
    assert "have been on screen" not in other.text("statement")


def test_from_the_front_page_it_opens_blank_and_says_what_was_on_screen(server, store, browser):
    page = browser(server)("")
    page.wait_live()
    page.click_button("predict_first")
    page.wait_text("statement", "All heads that look like")
    for key in ("heatmap", "findings", "baseline", "ranking", "head_detail"):
        assert not page.shows(key)
    page.wait_text("statement", "“with the front page’s numbers on screen”")
    name = lock(page)
    assert "with the front page’s numbers on screen" in page.text("under_test")
    kept = store.read(PREDICTIONS, name).value
    assert kept.prediction.looked is Looked.FRONT_PAGE


@pytest.mark.parametrize("asked", ["a head", "its sweep"])
def test_whoever_asks_for_more_on_the_front_page_has_looked(server, browser, asked):
    tab = browser(server)
    page = tab("")
    page.wait_live()
    if asked == "a head":
        page.click_cell(1, 0)
        page.wait_text("head_detail", "L1H0 ablated")
    else:
        page.run()
    other = on_hypothesis(tab)
    other.wait_text("statement", "the verdict will say “after looking”")


def test_history_lists_it_with_its_word_and_its_filters(server, browser):
    tab = browser(server)
    name = lock(on_hypothesis(tab), heads="L0H1, L2H3")
    page = tab("/history?what=predictions")
    said = page.text(f"prediction_{name}")
    assert f"{name} prediction The quick brown fox" in said
    assert "without L0H1, L2H3: breaks it, at 5.0 %" in said
    assert "before looking" in said
    page.type("history_text", "l2h3")
    assert page.shows(f"prediction_{name}")
    page.type("history_text", "l0h2")
    assert not page.shows(f"prediction_{name}")
    page.type("history_text", "")
    page.click_button(f"open_{name}")
    page.wait_text("under_test", "L0H1, L2H3 breaks the answer")
    assert page.query() == f"?prediction={name}"


def test_a_deleted_one_is_gone_from_its_address_with_a_word(server, store, browser):
    tab = browser(server)
    name = lock(on_hypothesis(tab))
    store.delete([name])
    page = tab(f"/hypothesis?prediction={name}")
    assert f"the prediction {name}, which was deleted" in page.banners()
    page.wait_text("statement", "Which heads does it need?")
    other = tab("/hypothesis?prediction=" + "0" * 12)
    assert "is not kept here" in other.banners()
    odd = tab("/hypothesis?prediction=%3Cb%3E")
    assert "a prediction's name is 12 digits" in odd.banners()


def test_a_file_of_it_opens_as_what_a_file_says(server, store, browser):
    tab = browser(server)
    name = lock(on_hypothesis(tab))
    kept = store.read(PREDICTIONS, name).value
    raw = json.dumps(kept.to_dict()).encode()
    for start in ("", "/history"):
        page = tab(start)
        page.choose_file("import_file", "mine.json", raw)
        page.wait_text("under_test", "From a file, whose date is its own word")
        other = page.query().removeprefix("?prediction=")
        assert other != name
        assert LockedPrediction.from_dict(kept.to_dict()) == store.read(PREDICTIONS, other).value


def test_a_restart_knows_the_prediction_and_who_has_looked(tmp_path, new_tab, browser):
    kept = {"HEADSWEEP_DATA_DIR": str(tmp_path / "data")}
    with dashboard(log=tmp_path / "one.txt", **kept) as url:
        tab = browser(url)
        page = on_hypothesis(tab)
        cookie = page._cookie
        name = lock(page)
        said = page.text("under_test")
        page.leave()
    with dashboard(log=tmp_path / "two.txt", **kept) as url:
        page = new_tab(url, cookie)
        page.visit(f"{url}/hypothesis?prediction={name}")
        page.wait_text("under_test", "Locked")
        assert page.text("under_test") == said
        again = new_tab(url, cookie)
        again.visit(f"{url}/hypothesis")
        again.wait_text("statement", "the verdict will say “after looking”")


def test_a_server_that_only_reads_says_what_it_cannot_keep(tmp_path, browser):
    with dashboard(log=tmp_path / "log.txt", HEADSWEEP_READ_ONLY="1") as url:
        page = on_hypothesis(browser(url))
        page.wait_text("statement", "what you lock stays in this tab")
        page.type("heads", "L1H0")
        page.choose("outcome", "breaks it")
        page.type("predicted", "5")
        page.click_button("lock")
        page.wait_text("hypothesis_verdict", "Measured")
        assert "read-only: the prediction is in this tab alone" in page.banners()
        assert "prediction=" not in page.query()
        page.go("History")
        page.go("Hypothesis")
        page.wait_text("hypothesis_verdict", "Measured")
