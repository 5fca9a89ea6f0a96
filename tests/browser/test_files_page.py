"""Files in a real browser: what is exported from the page, and what is opened on it."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from core.demo import example
from core.exports.data import MAX_BYTES, read_json, to_json
from core.results.result import COLUMNS
from core.spec.spec import SweepSpec
from core.store.run import Label
from core.text.numbers import percent

SAVED, LAYER_EFFECTS = example.saved(), example.saved_layer_effects()
PP = 100 * SAVED.values("prob_change")


@pytest.fixture(scope="module")
def server(elsewhere):
    """Whose requests to a hub are known."""
    return elsewhere


def doctored(**changes):
    """A file that says another thing than the engine: every change is 1 pp, and the spec's."""
    heads = tuple(replace(effect, prob_change=0.01) for effect in SAVED.heads)
    spec = replace(SAVED.spec, **changes)
    result = replace(SAVED, heads=heads, spec=spec, _index={})
    return to_json(result, None, Label("Doctored <b>title</b>"))


def drop(page, content, name="run.json", on=".st-key-heatmap"):
    page.drop_file(name, content, on)


def choose(page, name, content):
    page.page.locator('[class*="st-key-import_file"] input[type=file]').set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": content}
    )


def saved(page, press):
    """What pressing saves: the file's name and bytes."""
    with page.page.expect_download(timeout=60_000) as waiting:
        press()
    found = waiting.value
    return found.suggested_filename, Path(found.path()).read_bytes()


def export(page, name):
    page.page.locator(".st-key-export button").first.click()
    button = page.page.locator(f".st-key-export_{name} button").first
    button.wait_for()
    found = saved(page, button.click)
    page.page.keyboard.press("Escape")
    return found


def test_every_file_of_the_menu_has_the_runs_content(live):
    files = {name: export(live, name) for name in ("json", "csv", "ipynb", "html")}
    for name, (called, _) in files.items():
        assert re.fullmatch(rf"headsweep-demo-jumps-[0-9a-f]{{12}}\.{name}", called)

    raw = files["json"][1]
    assert json.loads(raw)["spec"]["prompt"] == SAVED.spec.prompt
    read = read_json("run.json", raw)
    assert read.result == SAVED
    assert read.layer_effects.to_dict() == LAYER_EFFECTS.to_dict()

    rows = list(csv.DictReader(io.StringIO(files["csv"][1].decode())))
    assert len(rows) == len(SAVED.heads)
    for row, effect in zip(rows, SAVED.heads, strict=True):
        assert list(row)[: len(COLUMNS)] == list(COLUMNS)
        assert row["label"] == effect.address.label
        assert float(row["prob_change"]) == effect.prob_change
        assert SweepSpec.from_json(row["spec"]) == SAVED.spec

    notebook = nbformat.reads(files["ipynb"][1].decode(), as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert SAVED.spec.prompt in code

    report = files["html"][1].decode()
    assert percent(SAVED.baseline.prob, 2) in report
    assert SAVED.ranked()[0].address.label in report
    assert SAVED.provenance.model_fingerprint[:8] in report


def test_pictures_are_real_images_of_the_figures_own_size(live):
    live.click_button("export")
    live.page.locator(".st-key-export_picture button").first.click()
    live.page.locator(".st-key-picture .main-svg").first.wait_for(timeout=60_000)
    live.settle()
    button = ".hs-save[data-format={}]"
    width, height = (
        int(live.page.get_attribute(button.format("png"), f"data-{side}"))
        for side in ("width", "height")
    )
    name, raw = saved(live, live.page.locator(button.format("png")).click)
    assert name.endswith(".png")
    with Image.open(io.BytesIO(raw)) as image:
        image.load()
        assert image.size == (4 * width, 4 * height)
        assert len(image.getcolors(1 << 24)) > 20, "it is not blank"

    name, raw = saved(live, live.page.locator(button.format("svg")).click)
    text = raw.decode()
    assert name.endswith(".svg")
    assert re.search(rf'<svg[^>]* width="{width}" height="{height}"', text)
    words = re.sub(r"<[^>]+>", " ", text)
    for part in (
        SAVED.provenance.model_fingerprint[:8],
        SAVED.provenance.transformer_lens,
        percent(SAVED.baseline.prob, 2),
        "mean-across-heads ablation",
    ):
        assert part in words

    live.choose("picture_paper", "dark")
    name, dark = saved(live, live.page.locator(button.format("svg")).click)
    assert dark != raw


@pytest.mark.parametrize("how", ["dropped anywhere", "dropped on the prompt", "chosen in the box"])
def test_a_run_is_opened_from_its_file(live, how):
    spec = replace(SAVED.spec, prompt=f"A fox, {how}", target=" two", positions="last")
    content = to_json(replace(SAVED, spec=spec), LAYER_EFFECTS, Label("Of a friend"))
    if how == "chosen in the box":
        choose(live, "friend.json", content.encode())
    else:
        drop(live, content, on="body" if how.endswith("anywhere") else ".st-key-prompt textarea")
    live.wait_text("run_bar", "Of a friend")
    live.wait_text("run_bar", "from a file")
    live.settle()
    assert live.typed("prompt") == f"A fox, {how}"
    assert live.typed("target") == " two"
    assert live.pressed("positions") == ["last"]
    assert live.text("situation") == ""
    assert np.allclose(live.z(), PP, atol=0.02)
    run = live.text("run_bar").partition("run ")[2][:12]
    live.wait_address({"run": [run]})
    assert live.page.evaluate("document.body.classList.contains('hs-dropping')") is False

    live.page.reload()
    live.wait_text("run_bar", "Of a friend")
    live.go("History")
    live.wait_text(f"run_{run}", "from a file")
    assert "/history" in live.page.url, "it is not sent back to the run that was opened before"


def test_a_file_dropped_on_history_is_opened_on_the_sweep_page(live):
    live.go("History")
    live.wait_text("history", "Search")
    drop(live, to_json(SAVED, LAYER_EFFECTS, Label("From afar")), on=".st-key-history")
    live.wait_text("run_bar", "From afar")
    live.go("History")
    live.wait_text("history", "From afar")


def test_wrong_files_are_explained_and_nothing_typed_is_lost(live, hub):
    live.type_prompt("typed and not lost")
    before = live.z()
    choose(live, "large.json", b" " * (MAX_BYTES + 1_000_000))
    live.wait_text("import_box", "or smaller")
    other = json.dumps({**SAVED.to_dict(), "schema": "headsweep.atlas/1"})
    without = {k: v for k, v in SAVED.to_dict().items() if k != "baseline"}
    prob = json.dumps(SAVED.baseline.prob)
    endless = json.dumps(SAVED.to_dict()).replace(prob, "1e999", 1)
    for name, content, said in (
        ("notes.json", b"not json at all", "'notes.json' is not JSON"),
        ("other.json", other.encode(), "and only sweeps (headsweep.sweep/1) can be opened"),
        ("list.json", b"[1, 2]", "is JSON, but no run of Headsweep's"),
        ("half.json", json.dumps(without).encode(), "is damaged"),
        ("endless.json", endless.encode(), "inf is not a finite number"),
        ("deep.json", b"[" * 100_000, "is not JSON"),
        ("garbage.json", bytes(range(256)) * 40_000, "'garbage.json' is not JSON"),
        ("<img src=x onerror=alert(1)>.json", b"{}", "<img src=x onerror=alert(1)>.json"),
    ):
        choose(live, name, content)
        live.wait_error(said)
        live.settle()
        assert live.typed("prompt") == "typed and not lost"
        assert live.z() == before
    assert live.page.locator("img[src=x]").count() == 0
    fresh = replace(SAVED, spec=replace(SAVED.spec, prompt="of this test alone"), _index={})
    drop(live, to_json(fresh, LAYER_EFFECTS, Label("At last")), on="body")
    live.wait_text("run_bar", "At last")
    live.settle()
    assert live.page.locator(".hs-error").count() == 0
    assert hub.requests == []


@pytest.mark.parametrize("model", ["/etc/passwd", "org/none", "<img src=x onerror=alert(1)>"])
def test_a_model_that_a_file_names_is_not_looked_for(live, hub, model):
    drop(live, doctored(model=model))
    live.wait_text("run_bar", "Doctored <b>title</b>")
    live.wait_error("was named by a link, a file or an earlier run")
    live.settle()
    assert np.allclose(live.z(), 1, atol=1e-6)
    assert live.page.locator(".st-key-run button").is_disabled()
    live.click_cell(1, 1)
    live.wait_text("head_detail", "needs its model, which is not loaded")
    live.page.locator(".st-key-kinds button").first.wait_for(state="attached")
    live.go("Hypothesis")
    live.wait_error("was named by a link")
    live.go("Patching")
    live.wait_error("was named by a link")
    live.go("Sweep")
    live.wait_error("was named by a link")
    assert hub.requests == []
    assert live.page.locator(".st-key-progress, img[src=x]").count() == 0
    live.click_button("previous_model")
    live.wait_text("situation", "The inputs have changed")


def test_a_doctored_file_never_answers_a_sweep(live, open_page, server):
    spec = SweepSpec(model="demo", prompt="blue green red blue green", target=" red")
    drop(live, doctored(prompt=spec.prompt, target=spec.target))
    live.wait_text("run_bar", "from a file")
    live.settle()
    assert np.allclose(live.z(), 1, atol=1e-6)

    other = open_page(url=server)
    other.wait_live()
    for page in (live, other):
        page.type_prompt(spec.prompt)
        page.type("target", spec.target)
        page.page.locator(".st-key-run button").click()
        page.wait_text("run_bar", "kept as run")
        page.settle()
        assert not np.allclose(page.z(), 1, atol=0.1)
    assert live.z() == other.z()
