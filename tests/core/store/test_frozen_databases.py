"""Databases of version 0.1.0 open with every later version, with every run that was in them."""

import shutil

import numpy as np
import psycopg
import pytest
from support.frozen import V1, expected, links, plain

from core.spec.spec import SweepSpec
from core.store.run import Origin, Query
from core.store.store import Store

TOLD = expected()["databases"]
RUNS = TOLD["runs"]
WITH_LOG = expected()["database/with-log/runs.sqlite3"]["runs"]


@pytest.fixture(params=[False, True], ids=["migrated", "read-only"])
def store(request, url, sqlite_path):
    """A copy of the old database, opened either way."""
    if url.startswith("sqlite"):
        sqlite_path.parent.mkdir()
        shutil.copy(V1 / "database" / "runs.sqlite3", sqlite_path)
    else:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute((V1 / "database" / "postgresql.sql").read_bytes())
    made = Store(url, read_only=request.param)
    yield made
    made.close()


def same_label(label, told):
    assert (label.title, label.notes, list(label.tags)) == (
        told["title"], told["notes"], told["tags"]
    )  # fmt: skip


def there(store):
    """Each run that can be had, with what is told of it: a deleted one only where it is at home."""
    for run_id, told in RUNS.items():
        if told["deleted"] and store.read_only:
            assert store.get(run_id) is store.summary(run_id) is None
        else:
            yield run_id, told


def test_every_run_is_there_with_its_numbers_and_its_names(store):
    for run_id, told in there(store):
        run = store.get(run_id)
        assert (run.id, run.origin.value, run.created) == (
            run_id, told["origin"], told["created"]
        )  # fmt: skip
        same_label(run.label, told)
        assert run.spec == SweepSpec.from_dict(told["spec"])
        assert run.result.key == told["key"]
        assert run.result.baseline.prob == told["baseline"]["prob"]
        for row in run.result.to_dict()["heads"]:
            for name, value in told["heads"].get(row["label"], {}).items():
                assert row[name] == value
        effects = run.layer_effects
        assert (effects is None) is (told["margins"] is None)
        if effects is not None:
            row = plain(effects.to_dict()["attention"][0])
            for name, value in told["margins"]["attention_of_layer_0"].items():
                assert row[name] == value


def test_every_run_is_listed_as_it_was(store):
    for run_id, told in there(store):
        line = store.summary(run_id)
        assert (line.name, line.model, line.ablation) == (
            told["name"], told["model"], told["ablation"]
        )  # fmt: skip
        assert (line.prompt, line.target, line.words, line.prob, line.largest.head) == tuple(
            told["summary"][name] for name in ("prompt", "target", "words", "prob", "largest")
        )
        assert [list(row) for row in line.changes] == told["summary"]["changes"]
        # Noted since: of an older line it is the largest change of probability.
        assert abs(line.largest.change) == np.abs(line.changes).max()
        assert line.largest.metric == "prob_change"
    assert [list(each) for each in store.filter_choices()] == [
        TOLD["seen"][name] for name in ("models", "kinds", "tags")
    ]


@pytest.mark.parametrize("name", TOLD["queries"])
def test_a_search_finds_what_it_found(store, name):
    told = TOLD["queries"][name]
    asked = {
        field: tuple(value) if field == "shape" else value for field, value in told["query"].items()
    }
    query = Query(**asked)
    assert [line.id for line in store.listed(query)] == told["ids"]
    assert store.count(query) == told["count"]


def still_found(store, run_id):
    """The id of the run that a spec found; None of one that compared answers of different lengths
    as wholes: it is kept and opens, but today's number is another.
    """
    kept = None if run_id is None else store.get(run_id)
    return None if kept is None or kept.result.compares_whole_answers else run_id


@pytest.mark.slow
def test_a_spec_finds_the_run_that_it_found(store):
    asked = []
    for told in RUNS.values():
        spec = SweepSpec.from_dict(told["spec"])
        for name, fingerprint in (
            ("found_by_its_spec", None),
            ("found_by_its_spec_and_fingerprint", told["fingerprint"]),
        ):
            run = store.find(spec, fingerprint)
            assert (None if run is None else run.id) == still_found(store, told[name])
            asked += [] if told[name] is None else [run is not None]
    assert 0 < asked.count(False) < asked.count(True)


@pytest.mark.parametrize(
    "link", [link for link in links() if link["opens"].get("kept_as")], ids=lambda e: e["what"]
)
def test_a_link_opens_the_run_that_it_opened(store, link):
    run, kept_as = store.find(SweepSpec.from_dict(link["opens"]["spec"])), link["opens"]["kept_as"]
    assert (None if run is None else run.id) == still_found(store, kept_as)


@pytest.mark.slow
def test_a_run_that_is_kept_again_is_the_same_run(store):
    if store.read_only:
        return
    for run_id, told in RUNS.items():
        run = store.get(run_id)
        if told["deleted"] is None:
            assert store.keep(run.result, origin=Origin(told["origin"])) == run_id
            same_label(store.get(run_id).label, told)
    assert store.count() == TOLD["queries"]["all"]["count"]


@pytest.mark.parametrize("read_only", [False, True])
def test_what_was_only_in_the_log_is_there_too(sqlite_path, read_only):
    shutil.copytree(V1 / "database" / "with-log", sqlite_path.parent)
    store = Store(f"sqlite:///{sqlite_path}", read_only=read_only)
    assert {line.id for line in store.listed()} == set(WITH_LOG)
    for run_id, told in WITH_LOG.items():
        run = store.get(run_id)
        assert (run.label.title, run.created, run.result.key) == (
            told["title"], told["created"], told["key"]
        )  # fmt: skip
    store.close()
