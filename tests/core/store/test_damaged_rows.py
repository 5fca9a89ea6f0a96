"""One damaged row, whatever is wrong with it, takes nothing else down and is named, not dropped."""

import dataclasses
import json
from datetime import datetime

import pytest
from support.damage import HUGE, damaged_rows

from core.errors import InputError, StoreError
from core.exports import formats
from core.store.result_kinds import SWEEPS, damaged_results
from core.store.run import Label, Query
from core.store.store import Store
from core.store.tables import RUNS

pytestmark = pytest.mark.slow
QUERIES = (
    Query(), Query(deleted=True), Query("pangram"), Query("fox"), Query(tag="tag"),
    Query(model="demo"), Query(ablation="mean-across-heads"), Query(shape=(4, 4)),
)  # fmt: skip


def said_by(use):
    """What comes of it, and the sentence of a refusal; anything else raised is the test's."""
    try:
        return use(), ""
    except (StoreError, InputError) as error:
        return None, str(error)


def check_line(line):
    """A line as pages and the command line use it."""
    assert json.dumps(dataclasses.asdict(line), allow_nan=False)
    datetime.fromtimestamp(line.created).astimezone().isoformat()
    text = f"{line.name}{line.largest.words}{line.words}{line.model}{line.label.notes}"
    text.encode()
    assert len(text) < HUGE


def test_every_damage_of_every_column_leaves_all_else(url, opened):
    whole, copies = damaged_rows(url)
    assert {column for column, _ in copies.values()} == {column.name for column in RUNS.c}
    store = opened()
    for query in QUERIES:
        page = store.page(SWEEPS, query, 0, 10_000)
        for line in page.lines:
            check_line(line)
        assert len(page.lines) + len(page.damaged) == store.count(query)
    everything = store.page(SWEEPS, Query(), 0, 10_000)
    assert whole in {line.id for line in everything.lines}
    store.filter_choices()
    told = len(everything.lines) + len(everything.damaged) + store.count(Query(deleted=True))
    assert told + store.n_unknown() <= 1 + len(copies)
    named = " ".join(everything.damaged)
    for column in ("summary", "created", "origin", "title"):
        wrong = [name for name, (where, _) in copies.items() if where == column]
        assert any(name in named for name in wrong), column
    for name in copies:
        _, said = said_by(lambda name=name: store.summary(name))
        assert not said or len(said) < 400
        run, said = said_by(lambda name=name: store.get(name))
        assert not said or len(said) < 600
        if run is not None:
            for kind in ("json", "csv"):
                said_by(lambda run=run, kind=kind: formats.export(
                    run.result, run.layer_effects, run.label, kind))  # fmt: skip
    assert store.get(whole).label == Label("a title", "a note", ("tag",))


def test_a_damaged_row_can_be_deleted_and_had_back(sqlite_path):
    whole, copies = damaged_rows(f"sqlite:///{sqlite_path}")
    store = Store(f"sqlite:///{sqlite_path}")
    wrong = [name for name, (column, _) in copies.items() if column in ("summary", "result")]
    before = store.count()
    store.delete(wrong)
    assert store.count() == before - len(wrong)
    store.restore(wrong)
    assert store.count() == before
    for name in wrong:
        said_by(lambda name=name: store.relabel(name, Label("new")))
    assert store.get(whole).label.title == "a title"
    store.close()


def test_the_first_damaged_rows_are_named_and_the_others_counted():
    assert damaged_results([]) == ""
    said = damaged_results([f"Run {n} is damaged" for n in range(5)])
    assert said == (
        "Run 0 is damaged. Run 1 is damaged. Run 2 is damaged. 2 more here are damaged. "
        "What is damaged stays as it is, and is left out of this list."
    )
