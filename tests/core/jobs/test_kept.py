"""Finished sweeps and the store: what was computed once is there at once, for whoever asks."""

import dataclasses
import shutil
import threading
from typing import ClassVar

import pytest
from support import checkpoints
from support.brakes import WAIT, Brake

import core.sweep.layer_sweep
from core.checkpoints.registry import Registry, key_of
from core.errors import StoreError
from core.jobs import Jobs, JobState
from core.jobs.task import OnSpec, Recalled, Step
from core.store.connect import default_url
from core.store.keeper import Keeper
from core.store.run import Origin
from core.store.store import Store
from core.sweep.sweep import run_sweep
from core.sweep.task import SweepOutput, SweepTask, result_of


@pytest.fixture
def store(tmp_path):
    made = Store(default_url(tmp_path))
    yield made
    made.close()


@pytest.fixture
def keeper(store):
    return Keeper(lambda: store)


@pytest.fixture
def kept(registry, keeper):
    return Jobs(registry, keeper=keeper)


@pytest.fixture
def spec(spec):
    """BOS decided: else only the loaded model can tell which kept run is meant."""
    return lambda **options: spec(prepend_bos=True, **options)


def done(job):
    assert job.wait(WAIT)
    assert job.state is JobState.DONE, job.error
    return job


def test_a_finished_sweep_is_in_the_store_with_its_layer_effects(kept, store, spec):
    job = done(kept.ask(SweepTask(spec())))
    run = store.get(job.run_id)
    assert run.result == job.output.result
    assert run.layer_effects == job.output.layer_effects
    assert run.layer_effects is not None
    assert run.origin is Origin.COMPUTED


def test_it_is_kept_before_its_layer_effects_are_measured(kept, store, spec, monkeypatch):
    reached, go = threading.Event(), threading.Event()

    def held(*_):
        reached.set()
        assert go.wait(WAIT)
        yield 1.0
        raise RuntimeError("no margins")

    monkeypatch.setattr("core.sweep.layer_sweep.iter_layer_effects", held)
    job = kept.ask(SweepTask(spec()))
    assert reached.wait(WAIT)
    assert store.get(job.run_id).result == job.output.result
    assert store.get(job.run_id).layer_effects is None
    go.set()
    assert done(job).output.layer_effects is None


def test_a_cancelled_sweep_is_not_kept(kept, store, spec, model, monkeypatch):
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1})
    with Brake(model, at=5) as brake:
        job = kept.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        kept.release(job)
    assert job.wait(WAIT)
    assert job.state is JobState.CANCELLED
    assert len(job.output.result.heads) == 4
    assert store.count() == 0


def test_another_process_finds_it_without_loading_the_model(kept, keeper, spec):
    first = done(kept.ask(SweepTask(spec())))
    registry = Registry()
    others = Jobs(registry, keeper=keeper)
    found = others.find(SweepTask(spec()))
    assert found.state is JobState.DONE
    assert result_of(found) == result_of(first)
    assert found.output.layer_effects == first.output.layer_effects
    assert done(others.ask(SweepTask(spec()))) is found

    anew = Jobs(registry, keeper=keeper)
    assert result_of(done(anew.ask(SweepTask(spec())))) == result_of(first)
    assert registry.peek(key_of(spec())) is None


@pytest.mark.slow
def test_a_kept_sweep_of_other_weights_is_no_answer(keeper, checkpoint, spec, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(checkpoint("gpt2"), folder)
    asked = dataclasses.replace(spec(), model=str(folder), weights="raw")
    before = done(Jobs(Registry(), keeper=keeper).ask(SweepTask(asked)))
    checkpoints.build("gpt2", folder, seed=1)
    after = done(Jobs(Registry(), keeper=keeper).ask(SweepTask(asked)))
    assert after.output.result.key != before.output.result.key
    assert after.output.result.values("kl") != pytest.approx(
        before.output.result.values("kl"), abs=1e-3
    )


def test_an_imported_run_is_no_answer_either(kept, store, spec, model):
    true = run_sweep(model, spec())
    heads = tuple(dataclasses.replace(e, prob_change=0.5) for e in true.heads)
    doctored = dataclasses.replace(true, heads=heads, _index={})
    store.keep(doctored, origin=Origin.IMPORTED)
    assert kept.find(SweepTask(spec())) is None
    assert done(kept.ask(SweepTask(spec()))).output.result.values("prob_change") == pytest.approx(
        true.values("prob_change"), abs=1e-6
    )
    assert store.count() == 2


def test_a_run_kept_without_layer_effects_is_shown_and_swept_anew_when_asked_for(
    kept, store, spec, model
):
    store.keep(run_sweep(model, spec()))  # as the command line does
    found = kept.find(SweepTask(spec()))
    assert result_of(found) is not None
    assert found.output.layer_effects is None
    job = done(kept.ask(SweepTask(spec())))
    assert job is not found
    assert job.output.layer_effects is not None
    assert store.get(job.run_id).layer_effects == job.output.layer_effects
    assert store.count() == 1


def test_a_deleted_run_comes_back_when_it_is_asked_for_again(kept, store, spec):
    job = done(kept.ask(SweepTask(spec())))
    store.delete([job.run_id])
    assert kept.ask(SweepTask(spec())) is job
    for _ in range(600):
        if store.count() == 1:
            break
        threading.Event().wait(0.05)
    assert store.count() == 1


def test_a_sweep_is_done_though_it_cannot_be_kept(registry, spec):
    def broken():
        raise StoreError("The disk is full.")

    keeper = Keeper(broken)
    job = done(Jobs(registry, keeper=keeper).ask(SweepTask(spec())))
    assert job.output.result.complete
    assert keeper.n_waiting == 1
    assert keeper.trouble == "The disk is full."


@pytest.mark.slow
def test_an_open_bos_is_the_models_own_and_not_that_of_the_newest_run(keeper, registry, spec):
    jobs, model = Jobs(registry, keeper=keeper), registry.peek(key_of(spec()))
    default, other = (
        done(jobs.ask(SweepTask(dataclasses.replace(spec(), prepend_bos=bos))))
        for bos in (model.default_prepend_bos, not model.default_prepend_bos)
    )
    assert default.output.result.baseline.logprob != other.output.result.baseline.logprob
    open_ = dataclasses.replace(spec(), prepend_bos=None)
    kept = Jobs(registry, keeper=keeper).find(SweepTask(open_))
    assert kept.output.result == default.output.result
    assert result_of(done(Jobs(registry, keeper=keeper).ask(SweepTask(open_)))) == result_of(
        default
    )
    fresh = Registry()  # nothing is loaded: the model has to be asked first
    assert Jobs(fresh, keeper=keeper).find(SweepTask(open_)) is None
    assert result_of(done(Jobs(fresh, keeper=keeper).ask(SweepTask(open_)))) == result_of(default)


def test_a_run_deleted_while_its_layer_effects_are_measured_stays_deleted(
    kept, store, spec, monkeypatch
):
    reached, go = threading.Event(), threading.Event()
    measured = core.sweep.layer_sweep.iter_layer_effects

    def held(*given):
        reached.set()
        assert go.wait(WAIT)
        return (yield from measured(*given))

    monkeypatch.setattr("core.sweep.layer_sweep.iter_layer_effects", held)
    job = kept.ask(SweepTask(spec()))
    assert reached.wait(WAIT)
    store.delete([job.run_id])
    go.set()
    assert done(job).output.layer_effects is not None
    assert store.count() == 0


def test_a_result_that_was_computed_ahead_is_never_forgotten(registry, model, spec):
    jobs = Jobs(registry, max_kept=2)
    ahead = jobs.admit(
        SweepTask(spec()),
        Recalled(SweepOutput(run_sweep(model, spec())), model.fingerprint),
        pinned=True,
    )
    for target in (" fox", " dog", " lazy"):
        done(jobs.ask(SweepTask(spec(target=target))))
    assert jobs.find(SweepTask(spec())) is ahead
    assert jobs.find(SweepTask(spec(target=" fox"))) is None


class Shelf(Keeper):
    """Where the tests' own kind of task keeps what it finds: in no database."""

    def __init__(self):
        super().__init__(lambda: pytest.fail("no store is asked"))
        self.kept = {}


@dataclasses.dataclass(frozen=True)
class Counted(OnSpec):
    """Another task that outlives its process; an even number is not all that it would find."""

    kept: ClassVar[bool] = True
    description = "Counting"

    def work(self, model):
        yield Step(0.5, 1)
        return 3

    def resolved(self, model):
        return Counted(dataclasses.replace(self.spec, prepend_bos=True))

    def keep(self, keeper, found, before, fingerprint):
        if (found, before) == (1, None):
            return None
        keeper.kept[self] = found
        return f"kept-{found}"

    def recall(self, keeper, fingerprint):
        found = keeper.kept.get(self)
        return None if found is None else Recalled(found, fingerprint, f"kept-{found}", 5.0)

    def is_complete(self, found):
        return found % 2 == 1


def test_any_task_may_be_kept_and_found_again(registry, spec):
    shelf, task = Shelf(), Counted(spec())
    first = done(Jobs(registry, keeper=shelf).ask(task))
    assert (first.output, first.run_id, first.created) == (3, "kept-3", None)
    assert shelf.kept == {task: 3}
    anew = Jobs(registry, keeper=shelf)
    found = anew.find(task)
    assert (found.output, found.run_id, found.created) == (3, "kept-3", 5.0)
    assert found.fingerprint == registry.peek(key_of(spec())).fingerprint
    assert done(anew.ask(task)) is found


def test_what_was_kept_in_part_is_shown_and_done_anew_when_it_is_asked_for(registry, spec):
    shelf, task = Shelf(), Counted(spec())
    shelf.kept[task] = 2
    jobs = Jobs(registry, keeper=shelf)
    found = jobs.find(task)
    assert found.output == 2
    again = done(jobs.ask(task))
    assert again is not found
    assert (again.output, shelf.kept) == (3, {task: 3})
