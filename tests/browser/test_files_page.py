"""Files in a real browser: what is saved from the page, and what is dropped or chosen on it."""

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
from support.doctored import TITLE, doctored
from support.hostile import IMAGE

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


def drop(page, content, on):
    page.drop_file("run.json", content, on)


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
    """From the menu, which is open."""
    button = page.page.locator(f".st-key-export_{name} button").first
    button.wait_for()
    return saved(page, button.click)


def pictures_are_real_images_of_the_figures_own_size(live):
    """From the menu, which is open."""
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


def test_every_file_and_picture_of_the_menu_has_the_runs_content(live):
    live.page.locator(".st-key-export button").first.click()
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

    pictures_are_real_images_of_the_figures_own_size(live)


def is_opened(page, prompt):
    """The file that was dropped is on screen; returns its run."""
    page.wait_text("run_bar", f"Of a friend: {prompt}")
    page.wait_text("run_bar", "from a file")
    page.settle()
    assert page.typed("prompt") == prompt
    assert page.typed("target") == " two"
    assert page.pressed("positions") == ["last"]
    assert page.text("situation") == ""
    assert np.allclose(page.z(), PP, atol=0.02)
    assert page.page.evaluate("document.body.classList.contains('hs-dropping')") is False
    run = page.text("run_bar").partition("run ")[2][:12]
    page.wait_address({"run": [run]})
    return run


def test_a_run_is_opened_wherever_its_file_is_dropped_or_chosen(live):
    for how in ("chosen in the box", "dropped on the prompt"):
        prompt = f"A fox, {how}"
        spec = replace(SAVED.spec, prompt=prompt, target=" two", positions="last")
        title = Label(f"Of a friend: {prompt}")
        content = to_json(replace(SAVED, spec=spec), LAYER_EFFECTS, title)
        if how == "chosen in the box":
            choose(live, "friend.json", content.encode())
        else:
            drop(live, content, on=".st-key-prompt textarea")
        run = is_opened(live, prompt)

    live.page.reload()
    live.wait_text("run_bar", f"Of a friend: {prompt}")
    live.go("History")
    live.wait_text(f"run_{run}", "from a file")
    assert "/history" in live.page.url, "it is not sent back to the run that was opened before"

    drop(live, to_json(SAVED, LAYER_EFFECTS, Label("From afar")), on=".st-key-history")
    live.wait_text("run_bar", "From afar")
    live.go("History")
    live.wait_text("history", "From afar")


def test_wrong_files_are_refused_and_nothing_of_them_is_rendered(live, hub, tmp_path):
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (MAX_BYTES + 1_000_000))
    live.wait_text("import_box", "Open a run or a prediction from its JSON file")
    prompt, before = live.typed("prompt"), live.z()
    box = live.page.locator('[class*="st-key-import_file"] input[type=file]')
    box.set_input_files(large)  # by its path: its content takes seconds to tell
    live.wait_text("import_box", "or smaller")
    choose(live, f"{IMAGE}.json", b"{}")
    live.wait_error(f"{IMAGE}.json")
    live.settle()
    assert live.typed("prompt") == prompt
    assert live.z() == before
    assert live.page.locator("img[src=x]").count() == 0
    drop(live, doctored(model=IMAGE), on="body")
    live.wait_text("run_bar", TITLE)
    live.wait_error("was named by a link")
    assert live.page.locator(".st-key-progress, img[src=x]").count() == 0
    assert np.allclose(live.z(), 1, atol=1e-6)
    assert hub.requests == []
