"""Every promise of the store, held on SQLite and on PostgreSQL by the same tests."""

import dataclasses
import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import processes

from core.demo.example import saved, saved_layer_effects
from core.errors import StoreError
from core.results.leading import opening
from core.results.metrics import LOGODDS
from core.spec.ablation import AblationKind
from core.store import rows
from core.store import store as store_module
from core.store.connect import open_engine
from core.store.rows import id_of
from core.store.run import Label, Origin, Query, checked_label
from core.store.store import DAYS_DELETED, Store
from core.store.sweeps import identity_of
from core.store.tables import RUNS

DAY = 24 * 3600.0


def titles(found):
    return [summary.label.title for summary in found]


def keep_titled(store, run_on, *titles):
    """A run for each title; returns their ids."""
    return [
        store.keep(run_on(f"a {n}"), label=Label(title), created=float(n))
        for n, title in enumerate(titles)
    ]


def altered(url, run_id, **values):
    """Write into a row behind the store's back."""
    engine = open_engine(url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.update(RUNS).where(RUNS.c.id == run_id).values(**values))
    engine.dispose()


# Keeping and finding


def test_a_run_comes_back_with_everything_in_it(opened, run_on):
    result, label = run_on("a b", foil=None), Label("One title", "A note\nof two lines", ("a", "b"))
    run_id = opened().keep(result, saved_layer_effects(), label, created=1234.5)
    run = opened().get(run_id)
    assert (run.result, run.layer_effects, run.label) == (result, saved_layer_effects(), label)
    assert (run.id, run.created, run.origin) == (run_id, 1234.5, Origin.COMPUTED)
    assert run.spec == result.spec


def test_a_runs_name_is_the_same_everywhere(store, run_on):
    result = run_on("a b")
    assert store.keep(result) == id_of(identity_of(result, Origin.COMPUTED))
    assert len(id_of("x")) == 12


def test_a_kept_run_answers_its_spec_resolved_or_open(store, run_on):
    result = run_on("a b")
    run_id = store.keep(result, created=10.0)
    other = replace(result, spec=replace(result.spec, prepend_bos=False), _index={})
    newer = store.keep(other, created=20.0)
    assert result.spec.prepend_bos is True
    assert store.find(result.spec).id == run_id
    assert store.find(replace(result.spec, prepend_bos=None)).id == run_id
    assert store.find(replace(result.spec, prepend_bos=False)).id == newer
    unknown = replace(result.spec, model="org/own", prepend_bos=None)
    assert store.find(unknown) is None  # only the model itself could tell
    for change in ({"dtype": "bfloat16"}, {"target": " b"}, {"positions": "last"}, {"foil": " c"}):
        assert store.find(replace(result.spec, **change)) is None


def test_the_model_s_fingerprint_chooses_and_the_newest_answers_without_one(store, run_on):
    old, new = run_on("a b", "1" * 16), run_on("a b", "2" * 16)
    new_id, old_id = store.keep(new, created=20.0), store.keep(old, created=10.0)
    assert new_id != old_id
    assert store.find(old.spec, "1" * 16).id == old_id
    assert store.find(old.spec).id == new_id
    assert store.find(old.spec, "3" * 16) is None


def test_a_run_kept_again_stays_as_it_is(store, run_on):
    result = run_on("a b")
    first = store.keep(result, label=Label("mine"), created=10.0)
    again = store.keep(result, saved_layer_effects(), Label("other"), created=20.0)
    assert first == again
    assert store.count() == 1
    run = store.get(first)
    assert (run.label.title, run.created, run.layer_effects) == ("mine", 10.0, None)


def test_layer_effects_are_put_beside_a_run(store, run_on):
    run_id = store.keep(run_on("a b"))
    store.add_layer_effects(run_id, saved_layer_effects())
    assert store.get(run_id).layer_effects == saved_layer_effects()


def test_an_imported_run_never_answers_a_spec(store, run_on):
    honest = run_on("a b")
    doctored = replace(honest, baseline=replace(honest.baseline, prob=0.999))
    imported = store.keep(doctored, origin=Origin.IMPORTED)
    assert store.find(honest.spec) is None
    assert store.find(honest.spec, honest.provenance.model_fingerprint) is None
    computed = store.keep(honest)
    assert computed != imported
    assert store.find(honest.spec).result == honest
    assert store.get(imported).result == doctored
    assert store.get(imported).origin is Origin.IMPORTED
    assert store.count() == 2


def test_the_same_file_imported_twice_is_one_run(store, run_on):
    ids = {store.keep(run_on("a b"), origin=Origin.IMPORTED) for _ in range(2)}
    assert len(ids) == store.count() == 1


def test_a_run_that_is_not_finished_is_refused(store, run_on):
    half = replace(run_on("a b"), heads=saved().heads[:5], _index={})
    with pytest.raises(ValueError, match="finished"):
        store.keep(half)
    assert store.count() == 0


HOSTILE = ("x\0y", "x\ud800y", "'; DROP TABLE runs; --", "x\r\ny", "\\", "{}", "%s %(a)s :a ?")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_run_upsets_a_database(store, run_on, text):
    asked = text.replace("\ud800", "é")  # a spec refuses halves of characters itself
    result = run_on(asked, fingerprint=text, model=asked, target=asked)
    run_id = store.keep(result, origin=Origin.IMPORTED, label=Label(text, text, (text,)))
    assert store.get(run_id).result == result
    store.relabel(run_id, checked_label(text, text, (text,)))
    assert len(store.listed(Query(text=text))) == 1
    assert store.filter_choices()[2] == list(checked_label(tags=(text,)).tags)


def test_a_negative_zero_and_the_smallest_numbers_keep_their_bits(store, run_on):
    heads = list(saved().heads)
    heads[0] = replace(heads[0], kl=5e-324, prob_change=-0.0, logprob_change=0.1 + 0.2)
    result = replace(run_on("a b"), heads=tuple(heads), _index={})
    found = store.get(store.keep(result)).result
    assert found.to_json() == result.to_json()


# Deleting


def test_a_deleted_run_is_out_of_sight_until_it_is_restored(store, run_on):
    result = run_on("a b")
    run_id = store.keep(result, label=Label("mine"))
    store.delete([run_id])
    assert store.find(result.spec) is None
    assert (store.listed(), store.count(), store.filter_choices()) == ([], 0, ([], [], []))
    assert titles(store.listed(Query(deleted=True))) == ["mine"]
    assert store.get(run_id) is not None
    assert store.get(run_id[:6]) is None
    store.restore([run_id])
    assert store.find(result.spec).label.title == "mine"
    assert store.count(Query(deleted=True)) == 0


def test_to_a_store_that_only_reads_a_deleted_run_is_gone(opened, run_on):
    store = opened()
    gone, there = store.keep(run_on("a secret")), store.keep(run_on("a"))
    store.delete([gone])
    public = opened(read_only=True)
    for name in (gone, gone[:8]):
        assert public.get(name) is None
        assert public.get(name, deleted=True) is None
        assert public.whole_id(name, deleted=True) is None
    assert public.summary(gone) is None
    assert public.get(there) is not None
    assert public.summary(there) is not None
    assert store.get(gone) is not None


def test_a_deleted_run_that_is_swept_again_is_back_with_its_label(store, run_on):
    result = run_on("a b")
    run_id = store.keep(result, label=Label("mine"), created=10.0)
    store.delete([run_id])
    assert store.keep(result, created=20.0) == run_id
    run = store.find(result.spec)
    assert (run.label.title, run.created) == ("mine", 20.0)


@pytest.mark.parametrize(("days", "left"), [(DAYS_DELETED - 0.01, 1), (DAYS_DELETED + 0.01, 0)])
def test_a_deleted_run_is_purged_after_seven_days(opened, run_on, monkeypatch, days, left):
    store = opened()
    gone, stays = store.keep(run_on("a b")), store.keep(run_on("a c"))
    monkeypatch.setattr(store_module, "now", lambda: 1000.0)
    store.delete([gone])
    monkeypatch.setattr(store_module, "now", lambda: 1000.0 + days * DAY)
    opened(read_only=True)
    assert store.count(Query(deleted=True)) == 1
    again = opened()
    assert again.count(Query(deleted=True)) == left
    again.restore([gone])
    assert again.count() == 1 + left
    assert again.get(stays) is not None


def test_a_server_that_is_never_started_anew_purges_too(store, run_on, monkeypatch):
    first, second = store.keep(run_on("a b")), store.keep(run_on("a c"))
    monkeypatch.setattr(store_module, "now", lambda: 1000.0)
    store.delete([first])
    monkeypatch.setattr(store_module, "now", lambda: 1000.0 + 8 * DAY)
    store.delete([second])
    assert store.get(first) is None
    assert store.get(second) is not None


# Listing and searching


def test_the_newest_come_first_in_pages(store, run_on):
    keep_titled(store, run_on, "1", "2", "3", "4", "5")
    assert titles(store.listed()) == ["5", "4", "3", "2", "1"]
    assert titles(store.listed(first=1, most=2)) == ["4", "3"]
    assert store.listed(first=5) == []


def test_the_strongest_head_is_that_of_the_metric_that_a_run_opens_on(store, run_on):
    """Near 1 a probability hardly moves: there it is log odds, as on the run's own page."""
    result = run_on("a b")
    heads = list(result.heads)
    weakest = min(range(len(heads)), key=lambda at: abs(heads[at].prob_change))
    heads[weakest] = dataclasses.replace(heads[weakest], logodds_change=-98.76)
    sure = dataclasses.replace(result.baseline, prob=0.99)
    result = dataclasses.replace(result, baseline=sure, heads=tuple(heads), _index={})
    store.keep(result)
    (summary,) = store.listed()
    assert opening(result).metric is LOGODDS
    assert summary.largest.metric == "logodds_change"
    label = heads[weakest].address.label
    assert summary.largest.words == f"{label} −98.76 nats of log odds"


def test_a_summary_tells_the_run_without_unpacking_it(store, run_on):
    result = run_on("a b")
    store.keep(result)
    (summary,) = store.listed()
    first = result.ranked()[0]
    assert summary.shape == result.shape
    strongest = result.ranked(opening(result).metric.field)[0]
    assert summary.largest.head == strongest.address.label
    assert summary.prob == result.baseline.prob
    assert summary.changes[first.layer][first.head] == round(100 * first.prob_change, 4)
    assert (summary.model, summary.prompt, summary.target) == ("demo", "a b", " jumps")
    assert summary.words == result.spec.in_words()


SEARCHES = [
    ("ÄRGER über Straßen", "ärger", True),
    ("ärger", "ÄRGER STRASSE", False),
    ("Straße", "STRASSE", True),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", True),
    ("Привет Мир", "ПРИВЕТ мир", True),
    ("100% sure", "100%", True),
    ("1000 sure", "100%", False),
    ("a_b", "a_b", True),
    ("axb", "a_b", False),
    ("C:\\new", "c:\\NEW", True),
    ("C:new", "c:\\new", False),
    ('it\'s "so"', "it's", True),
    ('it\'s "so"', '"SO"', True),
    ("a/b", "a/b", True),
    ("a b", "a/b", False),
    ("one two", "two one", True),
    ("one two", "two three", False),
    ("one", "   ", True),
    ("x%y", "%%", False),
    ("日本語 テキスト", "本語", True),
]


@pytest.mark.slow
def test_a_search_takes_every_character_for_itself(store, run_on):
    (run_id,) = keep_titled(store, run_on, "")
    for title, text, found in SEARCHES:
        store.relabel(run_id, Label(title))
        assert titles(store.listed(Query(text=text))) == ([title] if found else []), (title, text)
        assert store.count(Query(text=text)) == int(found)


def test_a_search_looks_at_all_that_was_asked_and_said(store, run_on):
    result = run_on(
        "The Prompt's end", target=(" one", " two"), foil=" Foil", model="org/Name-7b",
        ablation=AblationKind.ZERO,
    )  # fmt: skip
    store.keep(result, label=Label("Title", "some Notes", ("TagOne", "tag two")))
    for text in ("prompt's END", "two", "foil", "ORG/NAME", "zero", "title", "NOTES", "tagone"):
        assert store.count(Query(text=text)) == 1, text
    assert store.count(Query(text="mean")) == 0


@pytest.mark.parametrize("text", ["x" * 200_000, "x " * 100_000, "\0", "\ud800", "%" * 60_000])
def test_no_search_is_too_much(store, run_on, text):
    keep_titled(store, run_on, "something")
    assert store.listed(Query(text=text)) == []
    assert store.listed(Query(model=text)) == store.listed(Query(ablation=text)) == []
    assert store.listed(Query(tag=text)) == []


@pytest.mark.slow
@given(title=st.text(min_size=1, max_size=60))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_a_title_says_finds_it_in_either_case(store, run_on, title):
    label = checked_label(title)
    run_id = store.keep(run_on("a b"))
    store.relabel(run_id, label)
    assert store.get(run_id).label == label
    for text in (label.title, label.title.swapcase(), label.title[1:].upper()):
        if text.casefold() in label.title.casefold():  # some letters have no way back
            assert store.count(Query(text=text)) == 1


def test_a_list_is_narrowed_by_what_it_names(store, run_on):
    one = store.keep(run_on("a b", model="gpt2"), label=Label("one", tags=("Demo", "x%")))
    store.keep(run_on("a c", ablation=AblationKind.ZERO), label=Label("two", tags=("demo", "x y")))
    for query, wanted in (
        (Query(model="gpt2"), "one"),
        (Query(model="gpt"), None),
        (Query(ablation="zero"), "two"),
        (Query(tag="Demo"), "one"),
        (Query(tag="demo"), "two"),
        (Query(tag="x%"), "one"),
        (Query(tag="x"), None),
        (Query(tag='", "'), None),
        (Query(only=frozenset({one})), "one"),
        (Query(only=frozenset()), None),
        (Query(shape=(9, 9)), None),
        (Query(text="a", model="gpt2", ablation="zero"), None),
    ):
        assert titles(store.listed(query)) == ([wanted] if wanted else []), query
        assert store.count(query) == (wanted is not None)
    assert store.count(Query(shape=saved().shape)) == 2
    assert store.filter_choices() == (
        ["demo", "gpt2"], ["mean-across-heads", "zero"], ["Demo", "demo", "x y", "x%"]
    )  # fmt: skip


def test_relabelling_changes_the_label_and_what_finds_it(store, run_on):
    (run_id,) = keep_titled(store, run_on, "before")
    store.relabel(run_id, Label("after", "note", ("t",)))
    run = store.get(run_id)
    assert run.label == Label("after", "note", ("t",))
    assert store.count(Query(text="before")) == 0
    assert store.count(Query(text="after note t")) == 1
    with pytest.raises(StoreError, match="no run"):
        store.relabel("0123456789ab", Label("x"))


def test_the_beginning_of_a_name_will_do_where_only_one_has_it(url, store, run_on):
    ids = [store.keep(run_on(f"a {n}")) for n in range(3)]
    for run_id in ids:
        assert store.get(run_id[:6]).id == run_id
    assert store.get(ids[0][:3]) is None
    shared = "abcd"
    for n, run_id in enumerate(ids[:2]):
        altered_id = f"{shared}0000000{n}"
        altered(url, run_id, id=altered_id)
    assert store.get(shared) is None
    assert store.get(f"{shared}00000000").id == f"{shared}00000000"


@pytest.mark.parametrize("name", ["%%%%", "____", "", "a" * 10_000, "\0" * 6, "\ud800" * 6, "é" * 6,
                                  "' OR 1=1", "../../.."])  # fmt: skip
def test_no_name_finds_what_it_does_not_name(store, run_on, name):
    store.keep(run_on("a b"))
    assert store.get(name) is None


# Read-only


def test_a_read_only_store_shows_all_and_changes_nothing(opened, run_on):
    result = run_on("a b")
    run_id = opened().keep(result)
    store = opened(read_only=True)
    assert store.find(result.spec).id == run_id
    assert store.count() == len(store.listed()) == 1
    for change in (
        lambda: store.keep(run_on("a c")),
        lambda: store.add_layer_effects(run_id, saved_layer_effects()),
        lambda: store.relabel(run_id, Label("x")),
        lambda: store.delete([run_id]),
        lambda: store.restore([run_id]),
    ):
        with pytest.raises(StoreError, match="read-only"):
            change()
    assert opened().count() == 1


def test_read_only_without_a_database_is_an_empty_one_and_makes_none(url, opened, run_on):
    store = opened(read_only=True)
    with ThreadPoolExecutor(8) as pool:  # every tab asks at once
        assert list(pool.map(lambda _: store.count(), range(40))) == [0] * 40
        assert list(pool.map(lambda _: store.find(saved().spec), range(40))) == [None] * 40
    if url.startswith("sqlite"):
        assert not Path(url.removeprefix("sqlite:///")).parent.exists()
    else:
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        assert sa.inspect(engine).get_table_names() == []
        engine.dispose()


# Damage


@pytest.mark.parametrize(
    "values",
    [
        {"result": b""},
        {"result": b"not compressed"},
        {"result": rows.packed({"schema": "headsweep.sweep/1"})},
        {"result": rows.packed({})[:-4]},
        {"result": rows.packed({"schema": "headsweep.sweep/9"})},
        {"margins": rows.packed({"attention": 5})},
    ],
)
def test_a_damaged_run_says_so_and_leaves_the_others(url, opened, run_on, values):
    store = opened()
    run_id, other = store.keep(run_on("a b")), store.keep(run_on("a c"))
    altered(url, run_id, **values)
    with pytest.raises(StoreError, match=f"Run {run_id} is damaged") as said:
        store.get(run_id)
    assert "xport" not in str(said.value), "what cannot be opened cannot be exported"
    assert str(said.value).count("damaged") == 1
    with pytest.raises(StoreError, match="damaged"):
        store.find(run_on("a b").spec)
    assert store.get(other).result == run_on("a c")
    assert store.count() == len(store.listed()) == 2
    store.delete([run_id])
    assert store.count() == 1


def told(**changes):
    """A summary as it is kept, with some of it changed."""
    kept = {"prompt": "a", "target": "b", "words": "c", "prob": 0.5, "largest": "L0H0",
            "changes": [[1.0]]}  # fmt: skip
    return json.dumps({**kept, **changes})


PYTHONS_WORDS = re.compile("invalid literal|not a valid|could not convert|has no attribute|limit")
ANYWHERE = [
    {"created": 1e300}, {"created": float("inf")}, {"created": -1.0}, {"deleted": 1e300},
    {"origin": "z"}, {"origin": ""}, {"summary": ""}, {"summary": "null"}, {"summary": "[1]"},
    {"summary": "9" * 5000}, {"summary": "[" * 100_000}, {"summary": told(prob="0.5")},
    {"summary": told(prob=float("nan"))}, {"summary": told(changes=[])},
    {"summary": told(changes=[[]])}, {"summary": told(changes=[[1.0], [1.0, 2.0]])},
    {"summary": told(changes=[[float("inf")]])}, {"summary": told(prompt=5)},
]  # fmt: skip
NO_TEXT = "CAST(x'ff' AS TEXT)"
TEXTS = ("title", "notes", "model", "ablation", "fingerprint", "summary", "origin", "id", "tags")
IN_SQLITE = [
    *((name, cell) for name in TEXTS for cell in ("x'ff'", NO_TEXT)),
    *(("created", cell) for cell in ("'yesterday'", "x'ff'")),
    ("deleted", "'yesterday'"), ("tags", "'5'"), ("tags", "'[1]'"), ("haystack", "x'ff'"),
    ("result", "'text'"), ("result", "5"), ("margins", "'text'"), ("margins", "1 << 60"),
]  # fmt: skip


def refusal(use):
    """The sentence of the `StoreError` that something raises; empty where it raises none."""
    try:
        use()
    except StoreError as error:
        return str(error)
    return ""


def check_others_are_listed(store, odd, other):
    """However odd a row is, every other is listed and opened, and the odd one throws a sentence."""
    for deleted in (False, True):
        found = store.listed(Query(deleted=deleted))
        assert {other} >= {each.id for each in found} - {odd}
        for each in found:  # as the pages and the command line use it
            assert json.dumps(dataclasses.asdict(each), allow_nan=False)
            datetime.fromtimestamp(each.created).astimezone().isoformat()
            str(each.name + each.largest.words + each.words).encode()
    assert other in {each.id for each in store.listed()}
    assert all(isinstance(text, str) for texts in store.filter_choices() for text in texts)
    assert store.get(other) is not None
    for use in (store.get, store.summary):
        said = refusal(lambda use=use: use(odd))
        assert not said or "is damaged in the database" in said
        assert not PYTHONS_WORDS.search(said)


@pytest.mark.parametrize("values", ANYWHERE, ids=str)
def test_a_row_with_an_odd_value_hides_no_other(url, opened, run_on, values):
    store = opened()
    odd, other = store.keep(run_on("a b")), store.keep(run_on("a c"))
    altered(url, odd, **values)
    check_others_are_listed(store, odd, other)
    assert odd not in {each.id for each in store.listed()}
    assert store.count() + store.count(Query(deleted=True)) == 2, "it is counted all the same"


@pytest.mark.parametrize(("column", "cell"), IN_SQLITE)
def test_a_cell_of_sqlite_s_may_hold_anything(sqlite_path, run_on, column, cell):
    store = Store(f"sqlite:///{sqlite_path}")
    odd, other = store.keep(run_on("a b")), store.keep(run_on("a c"))
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute(f"UPDATE runs SET {column} = {cell} WHERE id = ?", [odd])
        raw.commit()
    check_others_are_listed(store, odd, other)
    store.close()


@pytest.mark.parametrize("column", ["origin", "schema_version"])
def test_what_is_damaged_is_said_in_our_words(sqlite_path, run_on, column):
    store = Store(f"sqlite:///{sqlite_path}")
    run_id = store.keep(run_on("a b"))
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute(f"UPDATE runs SET {column} = 'z'")
        raw.commit()
    with pytest.raises(
        StoreError, match=f"Run {run_id} is damaged in the database: its {column} is"
    ):
        store.get(run_id)
    store.close()


@pytest.mark.parametrize(
    "values",
    [{"result": b"\0"}, {"margins": b"\0"}, {"summary": ""}, {"created": 1e300},
     {"deleted": 1e300}, {"origin": "z"}, {"spec_key": "x"}, {"fingerprint": "x"},
     {"identity": "x"}, {"id": "abcdabcdabcd"}, {"result": b"\0", "deleted": 5.0}],
)  # fmt: skip
def test_a_damaged_run_that_is_swept_again_is_whole_and_keeps_its_label(
    url, opened, run_on, values
):
    store, result = opened(), run_on("a b")
    label = Label("mine", "a note", ("tag",))
    run_id = store.keep(result, label=label, created=10.0)
    other = store.keep(run_on("a c"), created=10.0)
    altered(url, run_id, **values)
    assert store.keep(result, label=Label("another"), created=20.0) == run_id
    run = store.find(result.spec, result.provenance.model_fingerprint)
    assert (run.id, run.result, run.label) == (run_id, result, label)
    assert run.created in (10.0, 20.0)
    assert store.get(other).created == 10.0
    assert store.count() == len(store.listed()) == 2
    assert [each.id for each in store.listed(Query("note"))] == [run_id]


def test_of_a_damaged_label_what_can_be_read_is_kept(sqlite_path, run_on):
    store = Store(f"sqlite:///{sqlite_path}")
    run_id = store.keep(run_on("a b"), label=Label("mine", "a note", ("tag",)))
    with closing(sqlite3.connect(sqlite_path)) as raw:
        raw.execute("UPDATE runs SET notes = x'ff', schema_version = 'z'")
        raw.commit()
    store.keep(run_on("a b"))
    assert store.get(run_id).label == Label("mine", "", ("tag",))
    store.close()


def test_another_result_of_the_same_name_is_not_written_over(url, opened, run_on):
    store = opened()
    name = id_of(identity_of(run_on("a b"), Origin.COMPUTED))
    altered(url, store.keep(run_on("a c")), id=name)
    with pytest.raises(StoreError, match=f"The name {name} is taken by another one"):
        store.keep(run_on("a b"))
    assert store.get(name).result == run_on("a c")


def test_a_result_that_unpacks_to_a_bomb_is_not_unpacked(url, opened, run_on, monkeypatch):
    store = opened()
    run_id = store.keep(run_on("a b"))
    monkeypatch.setattr(rows, "MAX_UNPACKED", 1000)
    with pytest.raises(StoreError, match="too large"):
        store.get(run_id)


# Several at once

WRITER = """
import sys, threading, time
from dataclasses import replace
from pathlib import Path
from core.demo.example import saved, saved_layer_effects
from core.store.run import Label
from core.store.store import Store

url, name, ready, other_ready = sys.argv[1:]
base = saved()
base.to_json()
Path(ready).touch()
while not Path(other_ready).exists(): time.sleep(0.001)
store = Store(url)

def work(thread):
    for n in range(4):
        for prompt in (f"shared {n}", f"own {name} {thread} {n}"):
            result = replace(base, spec=replace(base.spec, prompt=prompt), _index={})
            run_id = store.keep(result, label=Label(name))
            store.add_layer_effects(run_id, saved_layer_effects())
            assert store.get(run_id).result == result
    done.append(thread)

done = []
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(done), flush=True)
"""


@pytest.mark.slow
def test_two_processes_keep_the_same_and_other_runs_at_once(url, opened, run_on, tmp_path):
    """Both open it at once, where there is none yet."""
    ready = [str(tmp_path / f"ready{n}") for n in range(2)]
    writers = [("-c", WRITER, url, "p0", *ready), ("-c", WRITER, url, "p1", *reversed(ready))]
    with ThreadPoolExecutor(2) as pool:
        said = [done.stdout.strip() for done in pool.map(processes.run, writers)]
    assert said == ["3", "3"]
    store = opened()
    assert store.count(Query(text="own")) == 2 * 3 * 4
    assert store.count(Query(text="shared")) == 4
    for n in range(4):
        found = store.find(run_on(f"shared {n}").spec)
        assert (found.result, found.layer_effects) == (run_on(f"shared {n}"), saved_layer_effects())


@pytest.mark.slow
def test_threads_that_keep_one_run_make_one_row(opened, run_on):
    stores = [opened() for _ in range(2)]
    for n in range(8):
        result = run_on(f"a {n}")
        with ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(lambda k, r=result: stores[k % 2].keep(r), range(8)))
        assert len(ids) == 1
    assert stores[0].count() == 8
