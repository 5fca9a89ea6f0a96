"""`headsweep runs`, and what `headsweep sweep` leaves for it."""

import csv
import dataclasses
import io
import json
import os
import sqlite3
from contextlib import closing

import nbformat
import pytest
import sqlalchemy as sa
from support.command_line import headsweep, refused

from core import SweepSpec
from core.demo import example
from core.exports.formats import FORMATS
from core.results.result import COLUMNS, SweepResult
from core.store.connect import default_url
from core.store.keeper import KEEPER
from core.store.run import Label, Origin
from core.store.store import Store
from core.store.tables import RUNS

SAVED = example.saved()
LABEL = Label("My pangram", "note of <b>mine</b>", ("talk", "50 %"))


def asking(prompt, **changes):
    """The saved result as the answer to another prompt."""
    spec = dataclasses.replace(SAVED.spec, prompt=prompt, **changes)
    return dataclasses.replace(SAVED, spec=spec, _index={})


@pytest.fixture
def store(tmp_path, monkeypatch):
    made = Store(default_url(tmp_path))
    monkeypatch.setattr(KEEPER, "_store", made)
    yield made
    made.close()


@pytest.mark.slow
def test_runs_are_listed_newest_first_and_searched(inside, store):
    assert inside("runs", "list").stdout.strip() == "No run is kept yet."
    old = store.keep(asking("an old prompt"), created=1.0)
    new = store.keep(SAVED, label=LABEL)
    listed = json.loads(inside("runs", "list", "--format", "json").stdout)
    assert [run["run"] for run in listed] == [new, old]
    assert listed[0]["title"] == "My pangram"
    assert listed[0]["baseline_prob"] == pytest.approx(SAVED.baseline.prob)
    assert listed[0]["largest"] == SAVED.ranked()[0].address.label
    table = inside("runs", "list").stdout
    assert table.index(new) < table.index(old)
    assert "#talk" in table

    found = json.loads(inside("runs", "list", "--search", "PANGRAM", "--format", "json").stdout)
    assert [run["run"] for run in found] == [new]
    for option, value in (("--tag", "50 %"), ("--search", "old prompt"), ("--limit", "1")):
        only = json.loads(inside("runs", "list", option, value, "--format", "json").stdout)
        assert len(only) == 1
    assert inside("runs", "list", "--model", "gpt2").stdout.strip() == "No kept run matches."


def test_a_run_is_shown_by_the_beginning_of_its_name(inside, store):
    run = store.keep(SAVED, example.saved_layer_effects(), LABEL)
    shown = inside("runs", "show", run[:5])
    assert shown.returncode == 0
    for part in ("My pangram", "note of <b>mine</b>", SAVED.spec.prompt, "L0H0", run):
        assert part in shown.stdout
    values = json.loads(inside("runs", "show", run, "--format", "json").stdout)
    assert SweepResult.from_dict(values) == SAVED
    assert values["run"]["tags"] == list(LABEL.tags)


def test_what_is_no_run_is_one_line(inside, store):
    store.keep(SAVED)
    for name in ("zzzz", "", "%", "../etc", "f"):
        assert "headsweep runs list has their names" in refused(inside("runs", "show", name))


@pytest.mark.parametrize("name", [n for n in FORMATS if n not in ("png", "svg")])
def test_a_run_is_exported_in_every_format(inside, store, tmp_path, name):
    run = store.keep(SAVED, example.saved_layer_effects(), LABEL)
    out = tmp_path / f"made.{name}"
    assert inside("runs", "export", run, "--format", name, "--out", out).stdout.strip() == str(out)
    text = out.read_text(encoding="utf-8")
    if name == "json":
        assert SweepResult.from_dict(json.loads(text)) == SAVED
    elif name == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert tuple(rows[0])[: len(COLUMNS)] == COLUMNS
        assert SweepSpec.from_json(rows[0]["spec"]) == SAVED.spec
        assert [float(row["kl"]) for row in rows] == [effect.kl for effect in SAVED.heads]
    elif name == "ipynb":
        nbformat.validate(nbformat.reads(text, as_version=4))
    else:
        assert SAVED.provenance.model_fingerprint[:8] in text


@pytest.mark.slow
def test_a_file_is_named_by_itself_and_standard_output_is_a_dash(
    inside, store, tmp_path, monkeypatch
):
    run = store.keep(SAVED, label=LABEL)
    monkeypatch.chdir(tmp_path)
    name = inside("runs", "export", run).stdout.strip()
    assert name == f"headsweep-my-pangram-{run}.json"
    assert (tmp_path / name).is_file()
    printed = inside("runs", "export", run, "--format", "csv", "--out", "-").stdout
    assert printed.startswith("layer,head,label")
    bad = refused(inside("runs", "export", run, "--out", tmp_path / "no" / "x.json"))
    assert "There is no folder" in bad


def test_a_picture_where_no_browser_is_says_what_to_do(inside, store, tmp_path, monkeypatch):
    run = store.keep(SAVED)
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    said = refused(inside("runs", "export", run, "--format", "png", "--out", tmp_path / "x.png"))
    assert "Chrom" in said
    assert not (tmp_path / "x.png").exists()


def test_deleted_runs_come_back(inside, store):
    run = store.keep(SAVED)
    said = inside("runs", "delete", run).stdout
    assert f"headsweep runs restore {run}" in said
    assert store.count() == 0
    deleted = json.loads(inside("runs", "list", "--deleted", "--format", "json").stdout)
    assert [each["run"] for each in deleted] == [run]
    inside("runs", "restore", run)
    assert store.count() == 1
    store.keep(asking("another"))
    refused(inside("runs", "delete", run, "zzzz"))  # all or none
    assert store.count() == 2


def test_a_database_that_cannot_be_used_is_one_line_and_code_1(inside, monkeypatch, tmp_path):
    (tmp_path / "runs.sqlite3").write_text("This is no database, but a letter to my aunt.")
    monkeypatch.setattr(KEEPER, "_store", None)
    monkeypatch.setattr(KEEPER, "_opened", lambda: Store(default_url(tmp_path)))
    done = inside("runs", "list")
    assert done.returncode == 1
    assert "is damaged, or no database" in done.stderr
    assert len(done.stderr.splitlines()) == 1


SWEEP = ("sweep", "--prompt", "red green blue red green", "--target", " blue")


def test_a_sweep_is_kept_and_printed_from_there_until_a_fresh_one_is_asked_for(
    inside, store, monkeypatch
):
    first = json.loads(inside(*SWEEP, "--format", "json").stdout)
    (run,) = store.listed()
    assert store.get(run.id).result.to_dict() == first
    assert run.origin is Origin.COMPUTED

    def never(*_):
        raise AssertionError("it was swept again")

    with monkeypatch.context() as patched:
        patched.setattr("core.cli.options.load", never)
        assert json.loads(inside(*SWEEP, "--format", "json").stdout) == first
        assert inside(*SWEEP, "--format", "json", "--fresh").returncode == 1
    again = json.loads(inside(*SWEEP, "--format", "json", "--fresh").stdout)
    assert again["heads"] == first["heads"]
    assert store.count() == 1


def test_a_damaged_run_is_said_to_be_one_and_can_be_deleted_and_had_back(inside, store):
    run_id, other = store.keep(asking("a b")), store.keep(SAVED)
    with store._writing() as connection:
        odd = {"result": b"\0", "title": "x\N{SNOWMAN}"}
        connection.execute(sa.update(RUNS).where(RUNS.c.id == run_id).values(**odd))
    shown = inside("runs", "show", run_id)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr.startswith(f"headsweep: Run {run_id} is damaged")
    assert f"Deleted {run_id}" in inside("runs", "delete", run_id[:6]).stdout
    assert [each.id for each in store.listed()] == [other]
    assert f"Restored {run_id}" in inside("runs", "restore", run_id[:6]).stdout
    assert store.count() == 2
    assert "No single run is called" in refused(inside("runs", "delete", "nothing"))


@pytest.mark.slow
def test_a_damaged_row_is_left_out_of_the_list_and_said_in_one_line(tmp_path):
    made = Store(default_url(tmp_path))
    run_id, other = made.keep(asking("a b")), made.keep(SAVED)
    with made._writing() as connection:
        odd = sa.update(RUNS).where(RUNS.c.id == run_id)
        connection.execute(odd.values(created=1e300, summary="?"))
    made.close()
    env = {**os.environ, "HEADSWEEP_DATA_DIR": str(tmp_path)}
    done = headsweep("runs", "list", "--format", "json", env=env)
    assert [run["run"] for run in json.loads(done.stdout)] == [other]
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"headsweep: Run {run_id} is damaged")


@pytest.mark.slow
def test_a_sweep_over_a_damaged_row_says_so_in_one_line_and_mends_it(tmp_path):
    env = {**os.environ, "HEADSWEEP_DATA_DIR": str(tmp_path)}
    first = headsweep(*SWEEP, "--format", "csv", env=env)
    with closing(sqlite3.connect(tmp_path / "runs.sqlite3")) as raw:
        raw.execute("UPDATE runs SET result = x'00'")
        raw.commit()
    again = headsweep(*SWEEP, "--format", "csv", env=env)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    (line,) = again.stderr.splitlines()
    assert line.startswith("headsweep: the kept run could not be used")
    assert headsweep(*SWEEP, "--format", "csv", env=env).stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", [b"a\xffb", b"file/below"])
def test_a_sweep_without_a_usable_folder_is_printed_with_one_line_of_why(tmp_path, name):
    (tmp_path / "file").write_text("in the way")
    env = {**os.environ, "HEADSWEEP_DATA_DIR": os.fsdecode(bytes(tmp_path) + b"/" + name)}
    done = headsweep(*SWEEP, "--format", "json", env=env)
    assert done.returncode == 0
    assert json.loads(done.stdout)["schema"] == "headsweep.sweep/1"
    (line,) = done.stderr.splitlines()
    assert line.startswith("headsweep: this run is not kept. ")
    assert "HEADSWEEP_DATA_DIR" in line


@pytest.mark.slow
def test_a_kept_sweep_is_printed_without_torch(tmp_path):
    env = {**os.environ, "HEADSWEEP_DATA_DIR": str(tmp_path)}
    first = headsweep(*SWEEP, "--format", "csv", env=env)
    assert first.returncode == 0, first.stderr
    # Nothing under this name can be imported in the second process.
    (tmp_path / "torch.py").write_text("raise ImportError('torch was imported')")
    blocked = {**env, "PYTHONPATH": str(tmp_path)}
    assert headsweep(*SWEEP, "--format", "csv", env=blocked).stdout == first.stdout


def test_a_sweep_that_cannot_be_kept_is_printed_all_the_same(inside, monkeypatch, tmp_path):
    (tmp_path / "runs.sqlite3").write_text("no database")
    monkeypatch.setattr(KEEPER, "_store", None)
    monkeypatch.setattr(KEEPER, "_opened", lambda: Store(default_url(tmp_path)))
    monkeypatch.setattr(KEEPER, "_not_before", 0.0)
    monkeypatch.setattr(KEEPER, "trouble", "")  # now, so that it is what comes back afterwards
    monkeypatch.setattr(KEEPER, "_waiting", type(KEEPER._waiting)())
    done = inside(*SWEEP, "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["schema"] == "headsweep.sweep/1"
    assert "this run is not kept" in done.stderr
