"""Locked predictions in either kind of database, beside the sweeps."""

import json
import threading
from dataclasses import replace

import pytest
from support.predictions import locked, outcome

from core.demo import example
from core.errors import StoreError
from core.results.prediction import Looked
from core.spec.ablation import AblationKind
from core.store.result_kinds import PREDICTIONS, SWEEPS
from core.store.run import Label, Origin, Query
from core.store.store import Store

ZEBRA = replace(example.SPEC, prompt="zebra crossing", ablation="zero")
OTHER = locked(ZEBRA, lock="1" * 32, breaks=False)


def test_what_is_locked_is_there_in_another_process(opened):
    name = opened().put(PREDICTIONS, locked(), Label("Before the talk"))
    kept = opened().read(PREDICTIONS, name)
    assert (kept.value, kept.label.title, kept.deleted) == (locked(), "Before the talk", None)


def test_a_line_says_what_was_said_when_and_what_came(store):
    name = store.put(PREDICTIONS, locked(looked=Looked.FRONT_PAGE))
    (line,) = store.lines(PREDICTIONS)
    assert (line.id, line.heads, line.breaks, line.prob) == (name, "L1H0, L1H2", True, 0.05)
    assert (line.locked_at, line.outcome) == ("2026-11-24T12:00:00+00:00", None)
    assert line.looking == "with the front page’s numbers on screen"
    store.change(PREDICTIONS, name, lambda there: there.with_outcome(outcome()))
    (line,) = store.lines(PREDICTIONS)
    assert (line.outcome.prob, line.outcome.right) == (0.02, True)


def test_runs_and_predictions_are_one_list_with_the_same_filters(store, run_on):
    run = store.keep(run_on("zebra crossing"), created=1.0)
    first = store.put(PREDICTIONS, locked(), Label(tags=("talk",)), created=2.0)
    last = store.put(PREDICTIONS, OTHER, created=3.0)

    def ids(**query):
        found = store.mixed((SWEEPS, PREDICTIONS), Query(**query)).lines
        assert store.count(Query(**query), SWEEPS, PREDICTIONS) == len(found)
        return [line.id for line in found]

    assert ids() == [last, first, run]
    assert ids(text="zebra") == [last, run]
    assert ids(text="l1h2 fox") == [first]
    assert ids(ablation=AblationKind.ZERO.value) == [last]
    assert ids(tag="talk") == [first]
    assert ids(model="gpt2") == []
    assert ids(shape=(3, 4)) == [last, first, run]
    assert ids(only=frozenset([first])) == [first]
    assert [line.id for line in store.listed()] == [run], "who asks for sweeps gets sweeps"
    _, kinds, tags = store.filter_choices()
    assert kinds == ["mean-across-heads", "zero"]
    assert tags == ["talk"]


def test_two_who_lock_the_same_at_once_have_two_predictions(opened):
    names = [opened().put(PREDICTIONS, locked(lock=digit * 32)) for digit in "ab"]
    assert names[0] != names[1]
    assert [opened().read(PREDICTIONS, name).value.lock[0] for name in names] == ["a", "b"]


@pytest.mark.slow
def test_of_two_who_test_it_at_once_the_first_outcome_stays(opened):
    name = opened().put(PREDICTIONS, locked())
    stores = [opened() for _ in range(4)]
    seen, start = [], threading.Barrier(4)

    def test(store, prob):
        start.wait()
        seen.append(
            store.change(PREDICTIONS, name, lambda there: there.with_outcome(outcome(prob)))
        )

    threads = [
        threading.Thread(target=test, args=(store, 0.1 + 0.1 * number))
        for number, store in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = stores[0].read(PREDICTIONS, name).value
    assert seen == [kept] * 4


def test_a_deleted_one_says_so_and_comes_back(store):
    name = store.put(PREDICTIONS, locked())
    store.delete([name])
    assert store.lines(PREDICTIONS) == []
    assert store.read(PREDICTIONS, name).deleted is not None
    assert store.change(PREDICTIONS, name, lambda there: there) is None
    store.restore([name])
    assert store.read(PREDICTIONS, name).deleted is None


def test_the_name_of_one_is_no_runs(store):
    name = store.put(PREDICTIONS, locked())
    with pytest.raises(StoreError, match=r"is a headsweep\.prediction"):
        store.get(name)
    assert store.whole_id(name[:6]) == name
    assert store.read(PREDICTIONS, "0" * 12) is None


def test_one_from_a_file_is_another_than_the_one_that_was_locked_here(store):
    own = store.put(PREDICTIONS, locked())
    file = store.put(PREDICTIONS, locked(), origin=Origin.IMPORTED)
    assert own != file
    assert store.put(PREDICTIONS, locked(), origin=Origin.IMPORTED) == file


def test_a_damaged_row_is_said_and_the_others_are_listed(store):
    names = [store.put(PREDICTIONS, locked(lock=digit * 32)) for digit in "ab"]
    with store._writing() as connection:
        connection.exec_driver_sql(
            f"UPDATE runs SET summary = '{json.dumps({'prompt': 1})}' WHERE id = '{names[0]}'"
        )
    page = store.page(PREDICTIONS)
    assert [line.id for line in page.lines] == [names[1]]
    assert names[0] in page.damaged[0]


def test_to_a_store_that_only_reads_nothing_changes(opened):
    name = opened().put(PREDICTIONS, locked())
    reader: Store = opened(read_only=True)
    assert reader.read(PREDICTIONS, name).value == locked()
    with pytest.raises(StoreError, match="read-only"):
        reader.change(PREDICTIONS, name, lambda there: there.with_outcome(outcome()))
