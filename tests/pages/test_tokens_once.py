"""A prompt is tokenised once for all that a rerun draws of it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from support.script_page import unfolded

from core.checkpoints.registry import MODELS, key_of
from core.demo import example
from core.spec.ablation import AblationKind

APP = str(Path(__file__).parents[2] / "app.py")
PROMPT = "one red dog saw one red cat and one red"
CORRUPTED = "one red cat saw one red dog and one red"


@pytest.fixture
def read(monkeypatch):
    """The texts that the embedded model's tokenizer is given, in order."""
    texts = []
    kind = type(MODELS.get(key_of(example.SPEC)).tokenizer)
    tokenize = kind.__call__

    def counted(self, text, *given, **options):
        texts.append(text)
        return tokenize(self, text, *given, **options)

    monkeypatch.setattr(kind, "__call__", counted)
    return texts


def app_with(page="sweep", **widgets):
    app = AppTest.from_file(APP, default_timeout=60)
    if page != "sweep":
        app.switch_page(f"pages/{page}.py")
    unfolded(app.run())
    for key, option in widgets.items():
        app.button_group(key=key).set_value(option).run()
    assert not app.exception
    return app


@pytest.mark.parametrize(
    ("page", "widgets", "ending"),
    [
        ("sweep", {}, "a"),
        ("sweep", {"positions": "chosen"}, "b"),
        ("sweep", {"ablation": AblationKind.RESAMPLE}, "c"),
        ("hypothesis", {}, "d"),
        ("patching", {"ablation": AblationKind.RESAMPLE}, "e"),
    ],
)
def test_every_page_with_a_composer_reads_the_prompt_once(read, page, widgets, ending):
    app = app_with(page, **widgets)
    prompt = f"{PROMPT} {ending}"  # not known from another case
    read.clear()
    app.text_area(key="prompt").set_value(prompt).run()
    assert not app.exception
    assert read.count(prompt) == 1
    read.clear()
    app.text_input(key="target").set_value(" dog").run()
    assert not app.exception
    assert read.count(prompt) == 0, "it is known by its model, its text and its BOS"


@pytest.mark.slow
def test_a_corrupted_prompt_is_read_once_for_the_check_and_the_alignment(read):
    app = app_with(ablation=AblationKind.RESAMPLE)
    app.text_area(key="prompt").set_value(PROMPT).run()
    app.text_input(key="target").set_value(" dog").run()
    read.clear()
    app.text_area(key="corrupted_prompt").set_value(CORRUPTED).run()
    assert not app.exception
    assert read.count(CORRUPTED) == 1
    assert read.count(PROMPT) == 0
