"""A run from a file is kept with all that its file says, and later files add what it lacks."""

from dataclasses import replace

from core.demo.example import saved_layer_effects
from core.store.from_file import keep_from_file
from core.store.run import Label, Origin

LABEL = Label("theirs", "a note", ("tag",))


def test_a_fuller_file_of_the_same_run_adds_what_is_lacking(store, run_on):
    result = run_on("a b")
    run_id = keep_from_file(store, result, None, Label())
    run = store.get(run_id)
    assert (run.layer_effects, run.label, run.origin) == (None, Label(), Origin.IMPORTED)
    assert keep_from_file(store, result, saved_layer_effects(), LABEL) == run_id
    run = store.get(run_id)
    assert (run.result, run.layer_effects, run.label) == (result, saved_layer_effects(), LABEL)
    assert store.count() == 1


def test_what_is_there_stays_as_it_is(store, run_on):
    result, first = run_on("a b"), saved_layer_effects()
    run_id = keep_from_file(store, result, first, Label("mine"))
    other = replace(first, first_position={})
    keep_from_file(store, result, other, LABEL)
    keep_from_file(store, result, None, Label())
    run = store.get(run_id)
    assert (run.layer_effects, run.label) == (first, Label("mine"))


def test_a_deleted_one_is_back_with_what_it_lacked(store, run_on):
    run_id = keep_from_file(store, run_on("a b"), None, Label())
    store.delete([run_id])
    keep_from_file(store, run_on("a b"), saved_layer_effects(), LABEL)
    (run,) = store.listed()
    assert (run.id, run.label) == (run_id, LABEL)
    assert store.get(run_id).layer_effects == saved_layer_effects()
