"""Models from a hub, in the page: a small local hub server speaks its protocol."""

import pytest

from core.circuits.atlas import legend, letters, roles_of
from core.spec.heads import Head, all_heads


@pytest.fixture(scope="module")
def server(elsewhere):
    """Whose hub it is."""
    return elsewhere


def test_a_hub_model_is_downloaded_on_request_and_swept(hub, live):
    live.choose_model("org/tiny")
    assert hub.files() == [], "nothing is downloaded before it is asked for"

    live.press("run")
    live.wait_shown("progress")
    live.wait_text("provenance", "org/tiny")
    live.settle()
    assert len(live.z()) == 3
    live.wait_text("run", "Sweep 12 heads")


def test_an_unknown_name_is_one_sentence_at_the_model_and_the_last_result_stays(live):
    before = live.z()
    live.choose_model("org/none")
    live.click_button("load")
    live.wait_error("org/none")
    message = live.session.errors()[0]

    assert "org/none" in message
    assert "does not exist or is private" in message
    assert live.z() == before
    live.click_button("previous_model")
    assert live.errors() == ""


def test_a_dead_hub_is_said_at_the_model_and_the_embedded_one_goes_on(hub, live):
    live.type_prompt("cat dog bird cat dog")
    with hub.away():
        live.choose_model("org/other")
        live.click_button("load")
        live.wait_error("cannot be reached")
        assert live.typed("prompt") == "cat dog bird cat dog"
        live.click_button("previous_model")
        live.type("target", " bird")
        live.run()
        live.wait_text("baseline", "bird")


def published(page):
    """{head: letters} of the published roles on the heatmap; None where there are none."""
    cells = zip(all_heads(*page.grid()["shape"]), page.grid()["cells"], strict=True)
    return {head: cell["letter"] for head, cell in cells if "letter" in cell} or None


def test_published_roles_stand_beside_the_measured_ones_and_on_the_heatmap(live):
    assert live.text("atlas") == "", "nothing is published of the embedded model"
    live.choose_model("gpt2")
    live.click_button("run")
    live.wait_text("provenance", "gpt2 · mean-across-heads")
    live.settle()
    assert published(live) is None
    live.switch("published_roles")
    assert published(live) == letters("gpt2")
    for letter, role in legend("gpt2"):
        assert f"{letter} {role}" in live.text("atlas")

    live.click_cell(9, 9)
    live.choose("head_view", "Which role it plays")
    live.wait_text("literature", "name mover on indirect object identification")
    for entry in roles_of("gpt2", Head(9, 9)):
        assert entry.citation in live.text("literature")
    live.wait_text("view_scores", "20 sequences, seed 0")
    live.click_cell(1, 1)
    live.wait_text("literature", "Nothing in our list of papers names L1H1 of gpt2")
