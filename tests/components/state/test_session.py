"""What a tab remembers of its jobs: without Streamlit running."""

import dataclasses

import numpy as np
import pytest

from components.state import SealedSweep, kind_comparison, new_session, no_such_head, sweep_page
from core.checkpoints import catalogue
from core.checkpoints.registry import key_of
from core.demo import example
from core.jobs import Job, JobState
from core.results.prediction import Looked
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep.estimate.attribution import Estimate
from core.sweep.task import SweepOutput, SweepTask

RESULT = example.saved()
ZERO = dataclasses.replace(example.SPEC, ablation="zero")
NOTHING = dataclasses.replace(RESULT, heads=(), _index={})
ESTIMATE = Estimate({"logprob_change": np.zeros(RESULT.shape)})


def job_of(spec=example.SPEC, partial=None, estimate=None):
    job = Job(key_of(spec), SweepTask(spec))
    job.state = JobState.RUNNING
    job.output = None if partial is None else SweepOutput(partial, estimate)
    return job


class FakeJobs:
    def __init__(self):
        self.released = []

    def ask(self, task):
        return job_of(task.spec)

    def release(self, job):
        self.released.append(job)


@pytest.fixture
def jobs(monkeypatch):
    fake = FakeJobs()
    for module in (kind_comparison, sweep_page):
        monkeypatch.setattr(module, "JOBS", fake)
    return fake


@pytest.fixture
def state():
    return new_session()


def on_screen(state):
    return state.reveal(state.sweep.result)


def test_an_estimate_is_shown_before_any_head_is_finished(state):
    state.sweep.job = job_of(partial=NOTHING, estimate=ESTIMATE)
    state.sweep.collect()
    assert on_screen(state).result is NOTHING
    assert on_screen(state).estimate is ESTIMATE
    assert state.sweep.requested == example.SPEC


def test_without_an_estimate_the_old_result_stays_until_a_head_is_finished(state):
    state.sweep.job = job_of(partial=NOTHING)
    state.sweep.show(SealedSweep(RESULT))
    state.sweep.collect()
    assert on_screen(state).result is RESULT


def test_layer_effects_are_taken_over_though_the_heads_were_all_there(state):
    job = state.sweep.job = job_of(partial=RESULT)
    state.sweep.collect()
    assert on_screen(state).layer_effects is None
    assert not state.sweep.has_news(job)
    job.output = dataclasses.replace(job.output, layer_effects=example.saved_layer_effects())
    assert state.sweep.has_news(job)
    job.end(JobState.DONE)
    state.sweep.collect()
    assert on_screen(state).layer_effects is job.output.layer_effects
    assert state.sweep.job is None


def test_another_result_takes_the_layer_effects_and_the_estimate_away(state):
    state.sweep.show(SealedSweep(RESULT, ESTIMATE, example.saved_layer_effects()), example.SPEC)
    state.sweep.show(SealedSweep(NOTHING))
    assert on_screen(state).layer_effects is None
    assert on_screen(state).estimate is None


@pytest.mark.parametrize("reference", [None, ("as long a prompt",)])
@pytest.mark.parametrize("corrupted", [None, "another prompt"])
def test_comparing_asks_for_every_kind_that_can_be_had(jobs, state, corrupted, reference):
    state.kinds.begin(example.SPEC, corrupted, reference)
    absent = {
        *(() if corrupted else (AblationKind.RESAMPLE,)),
        *(() if reference else (AblationKind.MEAN_POSITIONAL,)),
    }
    assert set(state.kinds.jobs) == set(AblationKind) - absent
    for kind, job in state.kinds.jobs.items():
        assert job.task.spec.ablation is kind
        assert job.task.spec.prompt == example.SPEC.prompt
    # The very spec that was asked for: its finished job is found again.
    assert state.kinds.jobs[example.SPEC.ablation].task.spec == example.SPEC


def test_stopping_a_comparison_releases_what_is_unfinished_and_keeps_the_rest(jobs, state):
    state.kinds.begin(example.SPEC, None, None)
    done, *others = state.kinds.jobs.values()
    done.end(JobState.DONE)
    state.kinds.stop()
    assert list(state.kinds.jobs.values()) == [done]
    assert jobs.released == others


@pytest.mark.parametrize("written", ["/some/folder", "/some/folder ", " /some/folder\n"])
def test_a_model_named_from_outside_is_untrusted_however_it_is_written(state, written):
    name = catalogue.canonical(written)
    state.models.name_from_outside(name)
    state.models.name_from_outside("demo")  # another link after it takes nothing back
    assert state.models.is_untrusted("/some/folder")
    assert not state.models.is_untrusted("demo")
    state.models.approve("/some/folder")
    assert not state.models.is_untrusted(name)


def smaller(n_layers):
    """The example's result as that of a model with fewer layers."""
    heads = tuple(each for each in RESULT.heads if each.layer < n_layers)
    shape = (n_layers, RESULT.shape[1])
    return SealedSweep(dataclasses.replace(RESULT, heads=heads, shape=shape, _index={}))


CHOICES = {
    "by the ranking table": lambda selection, head: selection.choose(head, by_row=True),
    "by a picture": lambda selection, head: selection.choose(head),
    "by the heatmap": lambda selection, head: selection.choose(head),
}


@pytest.mark.parametrize("way", CHOICES)
def test_only_a_head_that_a_link_chose_is_said_to_be_asked_for_by_the_address(state, way):
    state.sweep.show(SealedSweep(RESULT))
    state.selection.choose(Head(1, 1), linked=True)
    CHOICES[way](state.selection, Head(1, 2))
    state.sweep.show(smaller(1))
    assert state.selection.head is None
    assert state.address.trouble == ""


def test_a_head_that_a_link_chose_is_said_to_be_missing_from_a_smaller_model(state):
    state.sweep.show(SealedSweep(RESULT))
    state.selection.choose(Head(1, 1), linked=True)
    state.address.written = {"head": ["L1H1"], "model": ["demo"]}
    state.sweep.show(smaller(1))
    shape = (1, RESULT.shape[1])
    assert state.address.trouble == no_such_head(Head(1, 1), example.SPEC.model, shape)
    assert state.address.written == {"model": ["demo"]}


def test_no_widget_can_set_the_head_past_its_one_method(state):
    with pytest.raises(AttributeError):
        state.selection.head = Head(0, 0)


def test_a_sealed_result_tells_nothing_of_its_heads_until_it_is_revealed(state):
    sealed = SealedSweep(RESULT)
    told = {name: getattr(sealed, name) for name in dir(sealed) if not name.startswith("_")}
    assert not any(value is RESULT or value is RESULT.heads for value in told.values())
    assert example.SPEC not in state.seen_questions
    assert state.reveal(sealed).result is RESULT
    assert example.SPEC in state.seen_questions


@pytest.fixture
def front(state):
    """A tab on the front page: the saved example, which nobody has asked for."""
    state.sweep.front_page = example.SPEC
    state.sweep.show(SealedSweep(RESULT), example.SPEC, saved=True)
    return state


def looked(state):
    return state.seen_questions.looked(example.SPEC)


def test_the_front_pages_example_is_met_and_not_looked_at(front):
    assert looked(front) is Looked.NO
    front.reveal(front.sweep.result)
    front.reveal(SealedSweep(RESULT), by_itself=True)
    assert looked(front) is Looked.FRONT_PAGE
    assert example.SPEC not in front.seen_questions


@pytest.mark.parametrize("asked", ["a head", "its sweep", "another kind", "a kept run of it"])
def test_who_asks_for_more_of_it_has_looked(front, jobs, asked):
    match asked:
        case "a head":
            front.selection.choose(Head(1, 1))
        case "its sweep":
            front.sweep.start(example.SPEC)
        case "another kind":
            front.reveal(SealedSweep(RESULT))
        case "a kept run of it":
            front.sweep.show(SealedSweep(RESULT), ZERO)
    front.reveal(front.sweep.result)
    assert looked(front) is Looked.YES


def test_two_tabs_of_one_browser_know_of_each_other_and_no_other_browser_does():
    one, other, elsewhere = (new_session(each * 32) for each in "aab")
    one.reveal(SealedSweep(RESULT))
    assert looked(other) is Looked.YES
    assert looked(elsewhere) is looked(new_session()) is Looked.NO


def test_the_ranking_comes_up_unmarked_once_what_is_marked_there_no_longer_holds():
    selection = new_session().selection
    selection.choose(Head(0, 1))
    assert selection.tables == 0, "nothing was marked"
    selection.choose(Head(1, 1), by_row=True)
    selection.choose(Head(1, 2), by_row=True)
    assert selection.tables == 0, "it is walked through"
    selection.choose(Head(0, 0))
    assert selection.tables == 1
    selection.mark_row()
    assert selection.head == Head(0, 0), "a layer's row selects nothing"
    selection.renew_ranking()
    selection.renew_ranking()
    assert selection.tables == 2
