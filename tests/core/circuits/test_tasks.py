"""The views of a head through the job lane: the same as measured by hand."""

import pytest

from core import example
from core.ablation import AblationKind
from core.circuits.looking import look
from core.circuits.roles import RoleScores
from core.circuits.routes import routes
from core.circuits.tasks import Look, MeasureRoles, RolesWithout, Say, Trace
from core.errors import InputError
from core.heads import Head
from core.jobs import Jobs, JobState
from core.models.registry import Registry, key_of
from core.scoring import Scorer

WAIT = 120.0
HEAD = Head(1, 0)


@pytest.fixture(scope="module")
def jobs():
    return Jobs(Registry())


def done(job):
    assert job.wait(WAIT)
    assert job.state is JobState.DONE, job.error
    return job.found


def test_every_view_is_what_is_measured_directly(jobs, demo):
    scorer = Scorer(demo, example.SPEC)
    looking = done(jobs.ask(Look(example.SPEC, HEAD)))
    assert looking.weights == pytest.approx(look(scorer.start, HEAD).weights, abs=1e-6)
    saying = done(jobs.ask(Say(example.SPEC, HEAD)))
    assert saying.predictions[0].text == " jumps"  # what this head's loss costs most
    found, kinds = done(jobs.ask(Trace(example.SPEC, HEAD)))
    assert found.total == pytest.approx(routes(scorer, HEAD).total, abs=1e-6)
    assert set(kinds) == set(AblationKind) - {AblationKind.RESAMPLE}


def test_roles_and_what_ablating_the_previous_token_head_does_to_them(jobs):
    model = key_of(example.SPEC)
    clean = done(jobs.ask(MeasureRoles(model)))
    without = done(jobs.ask(RolesWithout(model, Head(0, 0), AblationKind.MEAN)))
    assert isinstance(clean, RoleScores)
    assert clean.of("induction")[1].mean() > 0.8
    assert without.of("induction")[1].mean() < 0.1


def test_a_head_that_is_not_there_is_said_in_words(jobs):
    job = jobs.ask(Look(example.SPEC, Head(9, 9)))
    assert job.wait(WAIT)
    assert job.state is JobState.FAILED
    assert isinstance(job.error, InputError)
    assert "L0H0 to L2H3" in str(job.error)
