"""Markup in every text of every importable file: opened on every page and in every export, it is
text everywhere and an element nowhere."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.frozen import V1
from support.marked import MARK, RENDERED, marked, rendered_texts, wrong_elements
from support.script_page import page_html

from components.widgets.runs.import_file import imported
from core.demo import example
from core.exports.data import read_json, to_json
from core.exports.formats import export
from core.store.keeper import KEEPER
from core.store.run import Label
from core.store.store import Store

ROOT = Path(__file__).parents[2]
PAGES = ("sweep", "history", "compare", "hypothesis", "patching", "glossary")
FREE = {
    ("spec", "model"), ("spec", "prompt"), ("spec", "target"), ("tokens", "*"),
    ("target_tokens", "*"), ("baseline", "top", "*", "*"), ("heads", "*", "top", "*", "*"),
    ("provenance", "torch"), ("provenance", "headsweep"), ("provenance", "transformer_lens"),
    ("provenance", "model_fingerprint"), ("run", "title"), ("run", "notes"),
    ("margins", "attention", "*", "top", "*", "*"),
}  # fmt: skip
WORDS = {
    ("schema",), ("spec", "ablation"), ("spec", "positions"), ("spec", "weights"),
    ("spec", "dtype"), ("heads", "*", "label"), ("provenance", "device"), ("provenance", "dtype"),
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile():
    """A fresh export with `MARK` in every text that may say anything."""
    label = Label("title", "notes", ("tag",))
    whole = json.loads(to_json(example.saved(), example.saved_layer_effects(), label))
    made, taken, refused = marked(whole)
    assert taken >= FREE
    assert refused >= WORDS
    return made


@pytest.fixture
def kept(tmp_path, monkeypatch, hostile):
    """The run of that file, in a store of the test's own."""
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite3'}")
    monkeypatch.setattr(KEEPER, "_store", store)
    yield imported(read_json(f"{MARK}.json", json.dumps(hostile).encode()))
    store.close()


def check_page(app):
    """Nothing of what a page was given is rendered, in HTML or in Markdown."""
    assert not app.exception
    for element in app._tree:
        if getattr(element, "proto", None) is None:
            continue
        body = getattr(element.proto, "body", "")
        if element.type == "html":
            assert wrong_elements(re.sub(r"<script>(?!alert)", "", body)) == []
            continue
        for where, text in rendered_texts(element.proto):
            for each in RENDERED:
                assert each not in text, (element.type, where, text)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_renders_it(kept, page):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    asked = {"a": kept.id, "b": kept.id} if page == "compare" else {"run": kept.id, "head": "L1H0"}
    for name, text in asked.items():
        app.query_params[name] = text
    app.run()
    check_page(app)
    if page in ("sweep", "history", "compare"):  # it is there, as text
        assert "<script>alert(2)" in unescape(page_html(app))


@pytest.mark.slow
def test_every_old_file_with_markup_everywhere_is_a_page_of_text(tmp_path, monkeypatch):
    store = Store(f"sqlite:///{tmp_path / 'runs.sqlite3'}")
    monkeypatch.setattr(KEEPER, "_store", store)
    files = sorted(V1.glob("export/*.json"))
    for file in files:
        made, taken, _ = marked(json.loads(file.read_bytes()))
        assert ("provenance", "device") not in taken
        imported(read_json("marked.json", json.dumps(made).encode()))
    app = AppTest.from_file(str(ROOT / "pages" / "history.py"), default_timeout=60).run()
    check_page(app)
    assert page_html(app).count('class="hs-run"') > 3
    store.close()


def test_no_report_or_notebook_renders_it(kept):
    for name in ("html", "ipynb"):
        text = export(kept.result, kept.layer_effects, kept.label, name).decode()
        if name == "html":
            body = re.sub(r"<script.*?</script>|<style.*?</style>", "", text, flags=re.DOTALL)
            own = [each for each in wrong_elements(body) if not each.startswith("meta")]
            assert own == []
            assert "alert(2)" not in body
        else:
            for cell in json.loads(text)["cells"]:
                if cell["cell_type"] == "markdown":
                    said = re.sub(r"```.*?```", "", "".join(cell["source"]), flags=re.DOTALL)
                    assert not any(each in said for each in RENDERED), said


@pytest.mark.parametrize(
    "html",
    ["<img src=x>", "<p onclick=a()>", '<a href="javascript:a()">', "<form>", MARK],
)
def test_what_is_rendered_would_be_seen(html):
    assert wrong_elements(html)
