"""Results of several kinds in one database, and those of kinds that this version does not know."""

import json
from dataclasses import dataclass
from unittest import TestCase

import pytest
import sqlalchemy as sa

from core.errors import StoreError
from core.store import result_kinds as kinds
from core.store import rows
from core.store.connect import open_engine
from core.store.result_kinds import KINDS, SWEEPS, ResultKind, unknown_results
from core.store.run import Label, Query
from core.store.store import Store
from core.store.tables import RUNS


@dataclass(frozen=True)
class Talk:
    """A kind of result that these tests add: a title and its scenes."""

    name: str
    scenes: tuple[str, ...]
    ratio: str = "16:9"


@dataclass(frozen=True)
class TalkLine:
    id: str
    title: str
    n_scenes: int


def columns(talk, origin):
    return {
        "identity": f"talk-{talk.name}",
        "summary": json.dumps({"scenes": len(talk.scenes)}),
        "result": rows.packed(
            {"name": talk.name, "scenes": list(talk.scenes), "ratio": talk.ratio}
        ),
    }


def line(row):
    with rows.reading(row):
        return TalkLine(row["id"], row["title"], int(json.loads(row["summary"])["scenes"]))


def read(row):
    """Version 1 had no ratio: every talk was 16:9."""
    with rows.reading(row):
        values = rows.unpacked(row["result"])
        if row["schema_version"] == 1:
            values = {"ratio": "16:9", **values}
        return Talk(values["name"], tuple(values["scenes"]), values["ratio"])


TALKS = ResultKind("headsweep.talk", 2, columns, lambda talk: (talk.name, *talk.scenes), line, read)
TALK = Talk("Induction", ("What is a head?", "And now without"))


@pytest.fixture
def talks(monkeypatch):
    monkeypatch.setitem(KINDS, TALKS.family, TALKS)


def altered(url, run_id, **values):
    engine = open_engine(url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.update(RUNS).where(RUNS.c.id == run_id).values(**values))
    engine.dispose()


def test_another_kind_is_kept_read_listed_searched_and_renamed(talks, opened, run_on):
    store = opened()
    run_id, talk_id = store.keep(run_on("a b")), store.put(TALKS, TALK, Label("Monday"))
    kept = store.read(TALKS, talk_id)
    assert (kept.value, kept.label, kept.id) == (TALK, Label("Monday"), talk_id)
    assert store.read(TALKS, talk_id[:6]).value == TALK
    assert store.lines(TALKS) == [TalkLine(talk_id, "Monday", 2)]
    assert store.lines(TALKS, Query("WITHOUT induction")) == [TalkLine(talk_id, "Monday", 2)]
    assert store.lines(TALKS, Query("dog")) == []
    assert [run.id for run in store.listed()] == [run_id]
    assert (store.count(), store.count(None, TALKS), store.n_unknown()) == (1, 1, 0)
    assert store.filter_choices()[0] == ["demo"], (
        "what sweeps can be narrowed to says nothing of talks"
    )
    store.relabel(talk_id, Label("Tuesday"))
    assert store.lines(TALKS, Query("tuesday head"))[0].title == "Tuesday"
    store.delete([talk_id])
    assert store.lines(TALKS) == []
    store.restore([talk_id])
    assert store.put(TALKS, TALK) == talk_id
    assert store.lines(TALKS)[0].title == "Tuesday"


def test_an_older_version_of_a_kind_is_read_with_its_defaults(talks, url, opened):
    store = opened()
    talk_id = store.put(TALKS, TALK)
    older = rows.packed({"name": "Induction", "scenes": ["What is a head?", "And now without"]})
    altered(url, talk_id, schema_version=1, result=older)
    assert store.read(TALKS, talk_id).value == TALK


def test_one_kind_is_not_opened_as_another(talks, opened, run_on):
    store = opened()
    run_id, talk_id = store.keep(run_on("a b")), store.put(TALKS, TALK)
    with pytest.raises(StoreError, match=r"is a headsweep\.talk"):
        store.get(talk_id)
    with pytest.raises(StoreError, match=r"is a headsweep\.sweep"):
        store.read(TALKS, run_id)
    assert store.summary(talk_id) is None
    assert store.get(talk_id[:6]) is None, "the beginning of a name is that of a sweep's"


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("made", ["another kind", "a newer version"])
def test_what_this_version_does_not_know_is_counted_and_left_alone(
    opened, url, run_on, made, read_only
):
    with TestCase().assertNoLogs(level="WARNING"):  # nor is it said to be damaged
        before = opened()
        known, other = before.keep(run_on("a b"), label=Label("x")), before.keep(run_on("a c"))
        if made == "another kind":
            altered(url, other, family="headsweep.study", result=b"?", summary="?")
        else:
            altered(url, other, schema_version=SWEEPS.version + 1, result=b"?", summary="?")
        store = opened(read_only=read_only)
        assert [run.id for run in store.listed()] == [known]
        assert (store.count(), store.n_unknown()) == (1, 1)
        assert store.find(run_on("a c").spec) is None
        assert store.summary(other) is None
    with pytest.raises(StoreError, match=r"another Headsweep.*left as it is") as said:
        store.get(other)
    assert "damaged" not in str(said.value)
    if read_only:
        return
    with pytest.raises(StoreError, match="another Headsweep"):
        store.relabel(other, Label("mine"))
    with pytest.raises(StoreError, match=f"{other} was kept by another Headsweep"):
        store.keep(run_on("a c"))  # the same sweep, done here: what lies there is not overwritten
    engine = open_engine(url)
    with engine.connect() as connection:
        rows_ = connection.execute(sa.select(RUNS.c.result).where(RUNS.c.id == other)).all()
    engine.dispose()
    assert rows_ == [(b"?",)]


def test_what_is_said_of_them():
    assert unknown_results(0) == ""
    assert unknown_results(1).startswith("1 result of a type that this version does not know")
    assert unknown_results(2000).startswith("2,000 results of types that this version does not")


def test_every_kind_goes_by_its_own_family():
    assert {name: kind.family for name, kind in kinds.KINDS.items()} == {
        "headsweep.sweep": "headsweep.sweep",
        "headsweep.prediction": "headsweep.prediction",
        "headsweep.head-scores": "headsweep.head-scores",
    }


def test_a_damaged_version_is_said_as_damage(sqlite_path, run_on):
    url = f"sqlite:///{sqlite_path}"  # PostgreSQL takes no text for a whole number
    store = Store(url)
    run_id = store.keep(run_on("a b"))
    altered(url, run_id, schema_version=sa.text("'x'"))
    with pytest.raises(StoreError, match=f"Run {run_id} is damaged"):
        store.get(run_id)


def test_what_is_not_known_is_not_deleted_either(url, opened, run_on):
    store = opened()
    run_id = store.keep(run_on("a b"))
    altered(url, run_id, schema_version=99)
    store.delete([run_id])
    assert store.n_unknown() == 1
    altered(url, run_id, schema_version=1)
    assert store.get(run_id) is not None
