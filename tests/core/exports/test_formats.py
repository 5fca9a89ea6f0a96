"""The formats: each is made, named and described in one place; what is missing says so."""

import json
import re
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from core.demo.example import saved, saved_layer_effects
from core.errors import InputError
from core.exports import formats
from core.exports.data import to_csv, to_json
from core.exports.formats import FORMATS, GROUP, export, file_name
from core.store.run import Label

LABEL = Label("A title", "note", ("tag",))


def pictured(result, layer_effects, title):
    """Stands for a figure: what it is given."""
    return f"{result.spec.model} {layer_effects is not None} {title}"


def drawn(result, layer_effects, title):
    return b"\x89PNG" + title.encode()


@pytest.fixture
def register(monkeypatch):
    """register(svg="module:function"): these entry points are installed, and no others."""

    def set_(**points: str) -> None:
        found = [EntryPoint(name, value, GROUP) for name, value in points.items()]
        monkeypatch.setattr(formats, "entry_points", lambda group: found if group == GROUP else [])

    return set_


def test_json_and_csv_are_the_texts_of_data():
    assert export(saved(), saved_layer_effects(), LABEL, "json").decode() == to_json(
        saved(), saved_layer_effects(), LABEL
    )
    assert export(saved(), None, LABEL, "csv").decode() == to_csv(saved())


def test_a_notebook_is_json_with_the_title():
    made = json.loads(export(saved(), None, LABEL, "ipynb"))
    assert made["nbformat"] == 4
    assert "A title" in json.dumps(made)


def test_a_registered_format_is_called_with_the_run(register, monkeypatch):
    register(svg="formats_of_a_test:pictured", png="formats_of_a_test:drawn")
    monkeypatch.setattr(EntryPoint, "load", lambda point: globals()[point.attr])
    assert export(saved(), saved_layer_effects(), LABEL, "svg") == b"demo True A title"
    assert export(saved(), None, LABEL, "png") == b"\x89PNGA title"


@pytest.mark.parametrize("name", ["html", "png", "svg"])
def test_a_format_that_needs_figures_says_so_where_there_are_none(register, name):
    register()
    with pytest.raises(InputError, match=r"not installed here: .*use json, csv or ipynb") as caught:
        export(saved(), None, LABEL, name)
    assert caught.value.field == "format"


@pytest.mark.parametrize("name", ["", "JSON", "pdf", "../x", "svg\0"])
def test_an_unknown_format_names_those_there_are(name):
    with pytest.raises(InputError, match="json, csv, ipynb, html, png, svg") as caught:
        export(saved(), None, LABEL, name)
    assert caught.value.field == "format"


def test_every_format_says_what_it_is():
    assert list(FORMATS) == ["json", "csv", "ipynb", "html", "png", "svg"]
    for each in FORMATS.values():
        assert re.fullmatch(r"[a-z]+/[a-z+.-]+", each.mime)
        assert each.label
        assert each.about


@pytest.mark.parametrize(
    ("title", "model", "target", "name"),
    [
        ("", "gpt2", " jumps", "headsweep-gpt2-jumps-f502d12d40da.json"),
        ("My Title!", "gpt2", " jumps", "headsweep-my-title-f502d12d40da.json"),
        ("", "org/Name_1", (" a", " b"), "headsweep-name-1-a-b-f502d12d40da.json"),
        ("日本", "gpt2", "x", "headsweep-f502d12d40da.json"),
        ("../../etc/passwd\0", "gpt2", "x", "headsweep-etc-passwd-f502d12d40da.json"),
        ('a"; rm -rf ~\r\nX:', "gpt2", "x", "headsweep-a-rm-rf-x-f502d12d40da.json"),
        ("", "/srv/models/", "\n", "headsweep-f502d12d40da.json"),
    ],
)
def test_a_file_s_name_has_plain_letters_whatever_was_typed(title, model, target, name):
    result = replace(saved(), spec=replace(saved().spec, model=model, target=target), _index={})
    assert file_name(result, Label(title), "f502d12d40da", "json") == name


def test_a_file_s_name_is_short():
    name = file_name(saved(), Label("é1" * 5000), "f502d12d40da", "ipynb")
    assert re.fullmatch(r"[a-z0-9.-]{1,80}", name)
