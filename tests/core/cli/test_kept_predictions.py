"""Locked predictions on the command line: listed, shown, written to files, deleted, opened."""

import json

import pytest
from support.command_line import refused
from support.predictions import locked, outcome

from core.cli.open_link import _page_of
from core.demo import example
from core.exports.prediction_file import prediction_json, read_file
from core.store.connect import default_url
from core.store.keeper import KEEPER
from core.store.result_kinds import PREDICTIONS
from core.store.run import Label, Origin
from core.store.store import Store

TESTED = locked(lock="1" * 32).with_outcome(outcome())


@pytest.fixture
def store(tmp_path, monkeypatch):
    made = Store(default_url(tmp_path))
    monkeypatch.setattr(KEEPER, "_store", made)
    yield made
    made.close()


def test_they_are_listed_by_themselves_and_named_beneath_the_runs(inside, store):
    run = store.keep(example.saved())
    store.put(PREDICTIONS, locked(), created=1.0)
    tested = store.put(PREDICTIONS, TESTED, Label("Mine", tags=("talk",)))
    listed = inside("runs", "list", "--format", "json")
    assert [each["run"] for each in json.loads(listed.stdout)] == [run]
    assert "2 locked predictions are kept too" in listed.stderr
    found = json.loads(inside("runs", "list", "--predictions", "--format", "json").stdout)
    assert found[0]["prediction"] == tested
    assert (found[0]["heads"], found[0]["looking"]) == ("L1H0, L1H2", "before looking")
    assert (found[0]["outcome_prob"], found[0]["right"]) == (0.02, True)
    assert found[1]["outcome_prob"] is None
    table = inside("runs", "list", "--predictions", "--search", "mine").stdout
    assert "breaks, 5.0 %" in table
    assert "#talk" in table


def test_one_is_shown_and_written_to_a_file_that_reads_back(inside, store, tmp_path):
    name = store.put(PREDICTIONS, TESTED, Label("Mine"))
    said = inside("runs", "show", name[:8]).stdout
    assert f"prediction {name}, computed" in said
    assert "before looking: removing L1H0, L1H2 breaks the answer" in said
    assert "Right about breaking" in said
    assert json.loads(inside("runs", "show", name, "--format", "json").stdout)["lock"] == "1" * 32
    out = tmp_path / "mine.json"
    inside("runs", "export", name, "--out", str(out))
    read = read_file("mine.json", out.read_bytes())
    assert (read.locked, read.label) == (TESTED, Label("Mine"))
    assert "is written as json only" in refused(inside("runs", "export", name, "--format", "csv"))


def test_one_is_deleted_and_restored_by_the_beginning_of_its_name(inside, store):
    name = store.put(PREDICTIONS, locked())
    assert name in inside("runs", "delete", name[:8]).stdout
    assert store.lines(PREDICTIONS) == []
    assert name in inside("runs", "restore", name).stdout
    assert len(store.lines(PREDICTIONS)) == 1


def test_open_leads_to_its_page(store, tmp_path):
    name = store.put(PREDICTIONS, locked())
    assert _page_of(name) == f"/hypothesis?prediction={name}"
    file = tmp_path / "other.json"
    file.write_text(prediction_json(TESTED, Label("Theirs")))
    page = _page_of(str(file))
    kept = store.read(PREDICTIONS, page.removeprefix("/hypothesis?prediction="))
    assert (kept.value, kept.origin, kept.label.title) == (TESTED, Origin.IMPORTED, "Theirs")
    run = store.keep(example.saved())
    assert _page_of(run) == f"/?run={run}"
