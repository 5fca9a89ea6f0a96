"""`headsweep sweep --columns`: the core's own numbers in table, CSV and JSON."""

import csv
import io
import json

import pytest
from support.command_line import refused

from core.circuits.extra_columns import BY_NAME, EXTRA_COLUMNS, measure_extra_columns
from core.demo.example import SPEC
from core.exports.data import read_json
from core.progress import run_to_end
from core.results.result import COLUMNS
from core.spec.heads import Head
from core.sweep.scorer import Scorer

PANGRAM = ("--prompt", SPEC.prompt, "--target", SPEC.target)
NAMES = ("attribution", "attention-to-target", "attention-to-foil")


@pytest.fixture
def printed(inside):
    def call(*arguments):
        done = inside("sweep", *PANGRAM, "--columns", ",".join(NAMES), *arguments)
        assert done.returncode == 0
        return done

    return call


@pytest.fixture
def expected(demo):
    return run_to_end(measure_extra_columns(Scorer(demo, SPEC), [BY_NAME[n] for n in NAMES]))


@pytest.mark.slow
def test_json_has_them_under_their_names_and_opens_again(printed, expected):
    text = printed("--format", "json").stdout
    columns = json.loads(text)["columns"]
    assert list(columns) == list(NAMES)
    assert columns["attribution"]["unit"] == "nats"
    values = expected.found["attribution"]
    assert columns["attribution"]["values"] == pytest.approx(values, abs=1e-4)
    assert columns["attention-to-foil"]["unavailable"].startswith("There is no foil")
    assert read_json("run.json", text.encode()).result.complete


def test_csv_has_them_after_the_contracts_columns(printed, expected):
    done = printed("--format", "csv", "--layers")
    assert "--columns: attention-to-foil: There is no foil" in done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert tuple(rows[0]) == (*COLUMNS, *NAMES)
    for row in rows:
        if row["head"]:
            head = Head(int(row["layer"]), int(row["head"]))
            value = expected.found["attribution"][head]
            assert float(row["attribution"]) == pytest.approx(value, abs=1e-4)
        else:
            assert row["attribution"] == ""
        assert row["attention-to-foil"] == ""


@pytest.mark.slow
def test_the_table_has_them_below(printed, expected):
    text = printed().stdout
    attention = expected.found["attention-to-target"][1, 0]
    attribution = BY_NAME["attribution"].text(expected.found["attribution"][1, 0])
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert f"L1H0 {attribution} {attention:.2f}" in lines
    assert "attention-to-foil: There is no foil: give one for this column." in lines


def test_every_name_is_in_the_help(inside, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    words = inside("sweep", "--help").stdout.replace(",", " ").replace(".", " ").split()
    assert all(column.name in words for column in EXTRA_COLUMNS)


def test_a_wrong_name_is_refused_before_any_work(inside):
    line = refused(inside("sweep", *PANGRAM, "--columns", "attribution,banana"))
    assert "--columns: 'banana' is no column: choose among attribution, direct-frozen" in line


def test_many_specs_have_them_too(inside, tmp_path):
    path = tmp_path / "specs.jsonl"
    path.write_text(SPEC.to_json() + "\n", encoding="utf-8")
    done = inside("sweep", "--specs", path, "--columns", "induction", "--layers")
    (row,) = map(json.loads, done.stdout.splitlines())
    assert row["columns"]["induction"]["values"][1][0] > 0.8
    assert len(row["margins"]["attention"]) == 3
