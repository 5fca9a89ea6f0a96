"""Models from a hub, in the page: a small local hub server speaks its protocol."""

from core.circuits.atlas import legend, letters, roles_of
from core.spec.heads import Head


def test_a_hub_model_is_downloaded_on_request_and_swept(hub, elsewhere, open_page):
    page = open_page(url=elsewhere)
    page.wait_live()
    page.choose_model("org/tiny")
    assert hub.files() == [], "nothing is downloaded before it is asked for"

    page.page.locator(".st-key-run button").click()
    page.page.wait_for_selector(".st-key-progress")
    page.wait_text("provenance", "org/tiny")
    assert len(page.z()) == 3
    page.wait_text("run", "Sweep 12 heads")


def test_an_unknown_name_is_one_sentence_at_the_model_and_the_last_result_stays(
    elsewhere, open_page
):
    page = open_page(url=elsewhere)
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


def test_published_roles_stand_beside_the_measured_ones_and_on_the_heatmap(elsewhere, open_page):
    page = open_page(url=elsewhere)
    page.wait_live()
    assert page.text("atlas") == "", "nothing is published of the embedded model"
    page.choose_model("gpt2")
    page.page.locator(".st-key-run button").click()
    page.wait_text("provenance", "gpt2 · mean-across-heads")
    page.settle()
    drawn = (
        "(t => t && Array.from(t.x, (x, i) => [t.y[i], x, t.text[i]]))"
        "(gd.data.find(t => t.name === 'published roles')) ?? null"
    )
    assert page.plot(drawn) is None
    page.page.locator(".st-key-published_roles label").click()
    page.settle()
    shown = {Head(round(y), round(x)): text for y, x, text in page.plot(drawn)}
    assert shown == {head: f"<b>{said}</b>" for head, said in letters("gpt2").items()}
    for letter, role in legend("gpt2"):
        assert f"{letter} {role}" in page.text("atlas")

    page.click_cell(9, 9)
    page.choose("head_view", "What kind it is")
    page.wait_text("literature", "name mover on indirect object identification")
    for entry in roles_of("gpt2", Head(9, 9)):
        assert entry.citation in page.text("literature")
    page.wait_text("view_scores", "20 sequences, seed 0")
    page.click_cell(1, 1)
    page.wait_text("literature", "Nothing in our list of papers names L1H1 of gpt2")
