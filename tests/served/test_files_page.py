"""Files on the page: what is opened, what is refused, and what a file cannot do."""

import json
from dataclasses import replace

import numpy as np
import pytest
from support.doctored import TITLE, doctored
from support.hostile import IMAGE

from core.demo import example
from core.exports.data import to_json
from core.spec.spec import SweepSpec
from core.store.run import Label

SAVED, LAYER_EFFECTS = example.saved(), example.saved_layer_effects()
PP = 100 * SAVED.values("prob_change")


@pytest.fixture(scope="module")
def server(elsewhere):
    """Whose requests to a hub are known."""
    return elsewhere


def choose(page, content, name="run.json"):
    raw = content if isinstance(content, bytes) else content.encode()
    page.choose_file("import_file", name, raw)


def test_a_run_is_opened_from_its_file(live, server):
    spec = replace(SAVED.spec, prompt="A fox, chosen", target=" two", positions="last")
    choose(live, to_json(replace(SAVED, spec=spec), LAYER_EFFECTS, Label("Of a friend")))
    live.wait_text("run_bar", "Of a friend")
    live.wait_text("run_bar", "from a file")
    assert live.typed("prompt") == "A fox, chosen"
    assert live.typed("target") == " two"
    assert live.pressed("positions") == ["last"]
    assert live.text("situation") == ""
    assert np.allclose(live.z(), PP, atol=0.02)
    run = live.text("run_bar").partition("run ")[2][:12]
    live.wait_address({"run": [run]})

    live.visit(server + live.query())
    live.wait_text("run_bar", "Of a friend")
    live.go("History")
    live.wait_text(f"run_{run}", "from a file")


def test_a_file_chosen_on_history_is_opened_on_the_sweep_page(live):
    live.go("History")
    live.wait_text("history", "Search")
    choose(live, to_json(SAVED, LAYER_EFFECTS, Label("From afar")))
    live.wait_text("run_bar", "From afar")
    live.go("History")
    live.wait_text("history", "From afar")


def test_wrong_files_are_explained_and_nothing_typed_is_lost(live, hub):
    live.type_prompt("typed and not lost")
    before = live.z()
    other = json.dumps({**SAVED.to_dict(), "schema": "headsweep.atlas/1"})
    without = {k: v for k, v in SAVED.to_dict().items() if k != "baseline"}
    prob = json.dumps(SAVED.baseline.prob)
    endless = json.dumps(SAVED.to_dict()).replace(prob, "1e999", 1)
    for name, content, said in (
        ("notes.json", b"not json at all", "'notes.json' is not JSON"),
        ("other.json", other, "and only sweeps (headsweep.sweep/1) and predictions (headsweep."),
        ("list.json", b"[1, 2]", "is JSON, but no run of Headsweep's"),
        ("half.json", json.dumps(without), "is damaged"),
        ("endless.json", endless, "baseline.prob is Infinity, not a finite number"),
        ("deep.json", b"[" * 100_000, "is not JSON"),
        ("garbage.json", bytes(range(256)) * 40_000, "'garbage.json' is not JSON"),
        (f"{IMAGE}.json", b"{}", f"{IMAGE}.json"),
    ):
        choose(live, content, name)
        live.wait_error(said)
        assert live.typed("prompt") == "typed and not lost"
        assert live.z() == before
    assert IMAGE not in live.html()
    assert IMAGE not in live.markdown()
    fresh = replace(SAVED, spec=replace(SAVED.spec, prompt="of this test alone"), _index={})
    choose(live, to_json(fresh, LAYER_EFFECTS, Label("At last")))
    live.wait_text("run_bar", "At last")
    assert live.errors() == ""
    assert hub.requests == []


@pytest.mark.parametrize("model", ["/etc/passwd", "org/none", IMAGE])
def test_a_model_that_a_file_names_is_not_looked_for(live, hub, model):
    choose(live, doctored(model=model))
    live.wait_text("run_bar", TITLE)
    live.wait_error("was named by a link, a file or an earlier run")
    assert np.allclose(live.z(), 1, atol=1e-6)
    assert live.is_disabled("run")
    live.click_cell(1, 1)
    live.wait_text("head_detail", "needs its model, which is not loaded")
    live.wait_shown("compare_kinds")
    shown = [live.html(), live.markdown()]
    live.go("Hypothesis")
    live.wait_error("was named by a link")
    shown += [live.html(), live.markdown()]
    live.go("Patching")
    live.wait_error("was named by a link")
    shown += [live.html(), live.markdown()]
    live.go("Sweep")
    live.wait_error("was named by a link")
    assert hub.requests == []
    assert not live.shows("progress")
    for markup in (*shown, live.html(), live.markdown()):
        assert IMAGE not in markup
        assert TITLE not in markup
    live.click_button("previous_model")
    live.wait_text("situation", "The inputs have changed")


def test_a_doctored_file_never_answers_a_sweep(live, open_page):
    spec = SweepSpec(model="demo", prompt="blue green red blue green", target=" red")
    choose(live, doctored(prompt=spec.prompt, target=spec.target))
    live.wait_text("run_bar", "from a file")
    assert np.allclose(live.z(), 1, atol=1e-6)

    other = open_page()
    other.wait_live()
    for page in (live, other):
        page.type_prompt(spec.prompt)
        page.type("target", spec.target)
        page.click_button("run")
        page.wait_text("run_bar", "kept as run")
        assert not np.allclose(page.z(), 1, atol=0.1)
    assert live.z() == other.z()
