"""Jobs: progress, cancel, sharing, failure; on real models that a brake can hold in mid-sweep."""

import gc
import shutil
import threading
import weakref
from dataclasses import dataclass

import pytest
from support import checkpoints
from support.brakes import PROMPT, WAIT, Brake, last_norm
from transformers import GPT2Config

from core import load_model
from core.checkpoints.registry import Registry, key_of, model_key
from core.errors import Cancelled
from core.jobs import MAX_TASKS_KEPT, Job, Jobs, JobState
from core.jobs.task import OnSpec, Step
from core.spec.spec import SweepSpec
from core.sweep.sweep import run_sweep
from core.sweep.task import SweepTask, result_of


@pytest.mark.slow
def test_a_sweep_is_done_in_the_background(jobs, model, spec):
    job = jobs.ask(SweepTask(spec()))
    assert job.wait(WAIT)
    assert job.state is JobState.DONE
    assert job.error is None
    expected = run_sweep(model, spec())
    assert job.output.result.values("kl") == pytest.approx(expected.values("kl"), abs=1e-6)
    assert result_of(job) is job.output.result


@pytest.mark.slow
def test_a_model_is_loaded_on_the_way(spec):
    jobs = Jobs(Registry())
    job = jobs.ask(SweepTask(spec()))
    assert job.wait(WAIT)
    assert job.output.result.complete


def test_progress_and_partial_results_are_seen_while_it_runs(jobs, model, spec):
    with Brake(model, at=5) as brake:  # the clean run, then three heads
        job = jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        assert job.state is JobState.RUNNING
        assert 0 < job.fraction < 3 / 12  # of the work: the deepest heads are the cheapest
        assert job.stage == "Ablating heads: 3 of 12 done"
        assert len(job.output.result.heads) == 3
        assert result_of(job) is None
        assert not job.wait(0.01)
    assert job.wait(WAIT)
    assert len(job.output.result.heads) == 12


def test_cancelling_keeps_what_is_finished(jobs, model, spec):
    with Brake(model, at=5) as brake:
        job = jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        job.cancel()
    assert job.wait(WAIT)
    assert job.state is JobState.CANCELLED
    assert len(job.output.result.heads) == 4  # the chunk it was at is finished
    assert (result_of(job), job.error) == (None, None)
    assert jobs.find(SweepTask(spec())) is None
    again = jobs.ask(SweepTask(spec()))
    assert again is not job
    assert again.wait(WAIT)
    assert again.state is JobState.DONE


def test_a_job_cancelled_in_the_queue_never_starts(jobs, model, spec):
    with Brake(model, at=1) as brake:
        first = jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        second = jobs.ask(SweepTask(spec(target=" over")))
        second.cancel()
        assert second.wait(WAIT), "a cancelled job waits for its turn to end"
        assert second.state is JobState.CANCELLED
    assert second.output is None
    assert first.wait(WAIT)
    assert first.state is JobState.DONE


def test_equal_specs_share_a_job_while_it_runs_and_after(jobs, model, spec):
    with Brake(model, at=2) as brake:
        job = jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        assert jobs.ask(SweepTask(spec())) is job
        assert jobs.find(SweepTask(spec())) is job
        other = jobs.ask(SweepTask(spec(ablation="zero")))
        assert other is not job
    assert job.wait(WAIT)
    assert jobs.ask(SweepTask(spec())) is job
    assert other.wait(WAIT)


def test_finding_starts_nothing(jobs, spec):
    assert jobs.find(SweepTask(spec())) is None
    assert jobs.find(SweepTask(spec())) is None


def test_only_the_last_to_leave_cancels(jobs, model, spec):
    with Brake(model, at=3) as brake:
        job = jobs.ask(SweepTask(spec()))
        jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        jobs.release(job)
        kept = jobs.find(SweepTask(spec()))
        jobs.release(job)
        left = jobs.find(SweepTask(spec()))
    assert kept is job
    assert left is None
    assert job.wait(WAIT)
    assert job.state is JobState.CANCELLED


def test_releasing_a_finished_job_keeps_it(jobs, spec):
    job = jobs.ask(SweepTask(spec()))
    assert job.wait(WAIT)
    jobs.release(job)
    jobs.release(job)
    assert jobs.find(SweepTask(spec())) is job
    assert result_of(jobs.ask(SweepTask(spec()))) is result_of(job) is not None
    assert not job._stop.is_set()


def test_a_model_that_fails_to_load_leaves_everything_else_alone(jobs, spec, tmp_path):
    bad = SweepSpec(str(tmp_path), PROMPT, " jumps")
    job = jobs.ask(SweepTask(bad))
    assert job.wait(WAIT)
    assert job.state is JobState.FAILED
    assert job.error.field == "model"
    assert "config.json" in str(job.error)
    assert result_of(job) is None
    assert jobs.find(SweepTask(bad)) is None
    again = jobs.ask(SweepTask(bad))
    assert again is not job
    assert again.wait(WAIT)
    fine = jobs.ask(SweepTask(spec()))
    assert fine.wait(WAIT)
    assert fine.state is JobState.DONE


def test_a_spec_that_does_not_fit_fails_with_its_field(jobs, spec):
    job = jobs.ask(SweepTask(spec(positions=(99,))))
    assert job.wait(WAIT)
    assert job.state is JobState.FAILED
    assert job.error.field == "positions"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("two\nlines"), "RuntimeError: two lines"),
        (MemoryError(), "Not enough memory"),
    ],
)
def test_an_unexpected_failure_is_told_and_the_worker_lives_on(jobs, model, spec, error, said):
    def fail(*_):
        raise error

    handle = last_norm(model).register_forward_pre_hook(fail)
    job = jobs.ask(SweepTask(spec()))
    assert job.wait(WAIT)
    handle.remove()
    assert job.state is JobState.FAILED
    assert job.error.field == "run"
    assert said in str(job.error)
    again = jobs.ask(SweepTask(spec()))
    assert again is not job
    assert again.wait(WAIT)
    assert again.state is JobState.DONE


@pytest.mark.slow
def test_a_failed_job_keeps_none_of_its_tensors(jobs, model, spec, monkeypatch):
    monkeypatch.setattr(
        "core.jobs.perform._log.disabled", True
    )  # pytest keeps records and tracebacks
    held = []

    def fail(norm, inputs):
        held.append(weakref.ref(inputs[0]))
        raise RuntimeError("no")

    handle = last_norm(model).register_forward_pre_hook(fail)
    job = jobs.ask(SweepTask(spec()))
    assert job.wait(WAIT)
    handle.remove()
    gc.collect()
    assert held
    assert all(ref() is None for ref in held)


@pytest.mark.parametrize(
    ("broken", "absent"),
    [
        ("core.sweep.estimate.preview.preview", "estimate"),
        ("core.sweep.layer_sweep.iter_layer_effects", "layer_effects"),
    ],
)
def test_a_sweep_outlives_what_is_only_beside_it(jobs, spec, monkeypatch, broken, absent):
    def fail(*_, **__):
        raise RuntimeError("not this time")

    monkeypatch.setattr("core.sweep.estimate.preview.PREVIEW_SECONDS", 0.0)
    whole = jobs.ask(SweepTask(spec()))
    assert whole.wait(WAIT)
    assert getattr(whole.output, absent) is not None
    monkeypatch.setattr(broken, fail)
    job = jobs.ask(SweepTask(spec(target=" over")))
    assert job.wait(WAIT)
    assert job.state is JobState.DONE
    assert job.output.result.complete
    assert getattr(job.output, absent) is None


def test_loading_a_model_alone(jobs, registry, checkpoint):
    key = model_key(str(checkpoint("gpt2")), weights="raw")
    job = jobs.load(key)
    assert job.wait(WAIT)
    assert job.state is JobState.DONE
    assert result_of(job) is None
    assert registry.peek(key) is not None
    assert jobs.load(key) is job


@pytest.mark.slow
def test_a_long_load_holds_no_sweep_up(jobs, registry, spec, checkpoint):
    key = model_key(str(checkpoint("gpt2")), weights="raw")
    with registry._loading.setdefault(key, threading.Lock()):  # as if it took for ever
        slow = jobs.load(key)
        quick = jobs.ask(SweepTask(spec()))
        assert quick.wait(WAIT)
        assert quick.state is JobState.DONE
        assert slow.state is JobState.LOADING
        slow.cancel()
        assert slow.wait(WAIT)
        assert slow.state is JobState.CANCELLED
    again = jobs.load(key)
    assert again.wait(WAIT)
    assert again.state is JobState.DONE


@pytest.mark.slow
def test_sweeps_on_one_device_take_turns(jobs, model, spec):
    with Brake(model, at=2) as brake:
        first = jobs.ask(SweepTask(spec()))
        assert brake.reached.wait(WAIT)
        second = jobs.ask(SweepTask(spec(target=" dog")))
        assert not second.wait(0.3)
        assert second.state in {JobState.LOADING, JobState.WAITING}
        assert second.output is None
    assert first.wait(WAIT)
    assert second.wait(WAIT)
    assert second.state is JobState.DONE


@pytest.mark.slow
def test_a_changed_folder_is_swept_anew(registry, checkpoint, tmp_path):
    jobs = Jobs(registry)
    folder = tmp_path / "mine"
    shutil.copytree(checkpoint("gpt2"), folder)
    spec = SweepSpec(str(folder), PROMPT, " jumps", weights="raw")
    before = jobs.ask(SweepTask(spec))
    assert before.wait(WAIT)
    shutil.rmtree(folder)
    checkpoints.build("gpt2", folder, seed=1)
    after = jobs.ask(SweepTask(spec))
    assert after is not before
    assert after.wait(WAIT)
    assert after.output.result.baseline.logprob != before.output.result.baseline.logprob
    assert (
        after.output.result.provenance.model_fingerprint
        != before.output.result.provenance.model_fingerprint
    )


def test_old_finished_jobs_are_forgotten_and_live_ones_never(registry, model, spec):
    jobs = Jobs(registry, max_kept=2)
    specs = [spec(target=target) for target in (" jumps", " over", " dog")]
    for each in specs:
        assert jobs.ask(SweepTask(each)).wait(WAIT)
    assert [jobs.find(SweepTask(each)) is not None for each in specs] == [False, True, True]
    with Brake(model, at=1) as brake:
        live = [
            jobs.ask(SweepTask(spec(target=t, ablation="zero")))
            for t in (" jumps", " over", " dog")
        ]
        assert brake.reached.wait(WAIT)
        assert [jobs.find(job.task) for job in live] == live
    for job in live:
        assert job.wait(WAIT)


def test_a_report_to_a_stopped_job_raises_cancelled(spec):
    job = Job(key_of(spec()), SweepTask(spec()))
    job.report("Downloading", 0.5)
    assert (job.stage, job.fraction) == ("Downloading", 0.5)
    job.cancel()
    with pytest.raises(Cancelled):
        job.report("Downloading", 0.6)


@pytest.mark.slow
def test_numbers_tell_jobs_apart(jobs, spec):
    one, other = jobs.ask(SweepTask(spec())), jobs.ask(SweepTask(spec(ablation="zero")))
    assert one.number != other.number
    assert one.wait(WAIT)
    assert other.wait(WAIT)


@pytest.mark.slow
def test_a_finished_load_whose_model_had_to_go_is_loaded_anew(checkpoint):
    registry = Registry(max_models=1)
    jobs = Jobs(registry)
    first, second = (
        model_key(str(checkpoint("gpt2")), dtype, "raw") for dtype in ("float32", "bfloat16")
    )
    before = jobs.load(first)
    assert before.wait(WAIT)
    assert jobs.load(first) is before
    assert jobs.load(second).wait(WAIT)
    assert registry.peek(first) is None

    again = jobs.load(first)
    assert again is not before
    assert again.wait(WAIT)
    assert registry.peek(first) is not None


@dataclass(frozen=True)
class Counting(OnSpec):
    """A task of the tests: two partial results, then whether its model is the spec's."""

    description = "Counting"

    def work(self, model):
        yield Step(0.5, "half")
        yield Step(None)
        return model.name == self.spec.model


def test_a_task_is_done_once_for_equal_requests_and_keeps_what_it_found(spec, registry):
    jobs = Jobs(registry)
    job = jobs.ask(Counting(spec()))
    assert jobs.ask(Counting(spec())) is job
    assert job.wait(WAIT)
    assert job.state is JobState.DONE
    assert job.output is True
    assert job.stage == "Counting"
    other = jobs.ask(Counting(spec("The lazy dog")))
    assert other is not job
    assert other.wait(WAIT)


def test_a_task_that_is_stopped_keeps_its_partial_result(spec, registry):
    reached, go = threading.Event(), threading.Event()

    class Held(Counting):
        def work(self, model):
            reached.set()
            assert go.wait(WAIT)
            yield Step(0.5, "half")
            raise AssertionError("it was told to stop")

    jobs = Jobs(registry)
    job = jobs.ask(Held(spec()))
    assert reached.wait(WAIT)
    jobs.release(job)
    go.set()
    assert job.wait(WAIT)
    assert job.state is JobState.CANCELLED
    assert job.output == "half"


def test_a_task_that_is_as_good_as_done_when_it_is_stopped_is_done(spec, registry):
    reached, go = threading.Event(), threading.Event()

    class Finished(Counting):
        def work(self, model):
            reached.set()
            assert go.wait(WAIT)
            try:
                yield Step(0.9, "whole")
            except Cancelled:
                return "whole, and nothing beside it"
            raise AssertionError("it was told to stop")

    jobs = Jobs(registry)
    job = jobs.ask(Finished(spec()))
    assert reached.wait(WAIT)
    job.cancel()
    go.set()
    assert job.wait(WAIT)
    assert (job.state, job.output) == (JobState.DONE, "whole, and nothing beside it")


@pytest.mark.slow
def test_a_sweep_whose_every_head_is_in_is_done_whenever_it_is_stopped(tmp_path, monkeypatch):
    """At each of its moments: two layers of two heads have all of a sweep's stages, and few."""
    monkeypatch.setattr("core.engine.chunks.CHUNK_FLOPS", {"cpu": 1})  # a chunk a head
    checkpoints.save(GPT2Config(n_positions=32, n_embd=16, n_layer=2, n_head=2), tmp_path)
    task = SweepTask(SweepSpec(str(tmp_path), PROMPT, " jumps", weights="raw"))
    model = load_model(str(tmp_path), device="cpu", weights="raw")
    n_steps = sum(1 for _ in task.work(model))
    finished = 0
    for at in range(n_steps):
        work = task.work(model)
        step = [next(work) for _ in range(at + 1)][-1]
        complete = step.partial is not None and step.partial.result.complete
        whole = complete or finished > 0
        with pytest.raises(StopIteration if whole else Cancelled) as end:
            work.throw(Cancelled())
        if whole:
            finished += 1
            assert end.value.value.result.complete
    assert finished >= 2, "once before and once among the layer effects"


def test_fewer_tasks_than_sweeps_are_kept_since_they_are_larger(registry, spec):
    jobs = Jobs(registry)
    swept = jobs.ask(SweepTask(spec()))
    assert swept.wait(WAIT)
    tasks = [Counting(spec(target=(" jumps", f" {n}"))) for n in range(MAX_TASKS_KEPT + 5)]
    for task in tasks:
        assert jobs.ask(task).wait(WAIT)
    kept = [job for job in jobs._jobs.values() if isinstance(job.task, Counting)]
    assert [job.task for job in kept] == tasks[-len(kept) :]
    assert len(kept) <= MAX_TASKS_KEPT + 1
    assert jobs.find(SweepTask(spec())) is swept


def test_a_job_that_was_looked_at_ends_once_nobody_looks_any_more(spec):
    unwatched, watched = (
        Job(key_of(spec()), SweepTask(spec())),
        Job(key_of(spec()), SweepTask(spec())),
    )
    watched.keep_alive_for(WAIT)
    watched.keep_alive_for(0.0)  # another tab's shorter patience takes nothing away
    for job in (unwatched, watched):
        job.report("Ablating", 0.1)
    watched._until = 0.0
    with pytest.raises(Cancelled):
        watched.report("Ablating", 0.2)
    watched.keep_alive_for(WAIT)
    with pytest.raises(Cancelled):  # it has ended: looking again does not bring it back
        watched.report("Ablating", 0.3)
    unwatched.report("Ablating", 0.2)
