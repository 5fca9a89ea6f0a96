"""Real results for the figures: what core's tasks find on the embedded model, measured once."""

import numpy as np
import pytest

from core.circuits.attention import head_attention
from core.circuits.by_position import iter_position_effects
from core.circuits.direct_effect import direct_effect
from core.circuits.logit_effects import logit_effects
from core.circuits.measure_scores import measure_head_scores, measure_scores_without
from core.circuits.path_patching import measure_path_patching
from core.demo import example
from core.hypotheses.interactions import interactions
from core.hypotheses.joint import joint_test
from core.hypotheses.keep_only import keep_only_spec
from core.hypotheses.search import greedy
from core.progress import run_to_end
from core.spec.ablation import AblationKind
from core.spec.heads import Head, all_heads
from core.sweep.estimate.attribution import Estimate
from core.sweep.scorer import Scorer

NAMES = example.TRY[1][1]
"""Who gets the bag? It has a foil."""
HEAD = Head(2, 1)
SET = (Head(0, 1), Head(1, 0), Head(2, 1))


@pytest.fixture(scope="session")
def result():
    """The shipped sweep of the notebook's prompt."""
    return example.saved()


@pytest.fixture(scope="session")
def layer_effects():
    return example.saved_layer_effects()


@pytest.fixture(scope="session")
def estimate(result):
    guesses = -np.abs(np.random.default_rng(0).normal(size=result.shape))
    return Estimate({"prob_change": guesses / 10, "logprob_change": guesses})


@pytest.fixture(scope="session")
def scorer(demo):
    return Scorer(demo, NAMES)


@pytest.fixture(scope="session")
def tokens(scorer):
    return scorer.prepared.prompt.texts


@pytest.fixture(scope="session")
def looking(scorer):
    return head_attention(scorer.start, HEAD)


@pytest.fixture(scope="session")
def saying(scorer):
    return logit_effects(scorer, HEAD)


@pytest.fixture(scope="session")
def routed(scorer):
    """The routes of a head of layer 1: there are later heads and MLPs."""
    return direct_effect(scorer, Head(1, 0))


@pytest.fixture(scope="session")
def fed(scorer):
    return run_to_end(measure_path_patching(scorer, HEAD))


@pytest.fixture(scope="session")
def places(scorer, demo):
    """Every head at every position: the finished map."""
    heads = all_heads(demo.n_layers, demo.n_heads)
    *_, (_, found) = iter_position_effects(scorer, heads)
    return found


@pytest.fixture(scope="session")
def roles(demo):
    return run_to_end(measure_head_scores(demo))


@pytest.fixture(scope="session")
def without(demo):
    """The same without the head that looks at the token before: induction is gone."""
    return run_to_end(measure_scores_without(demo, Head(0, 0), AblationKind.ZERO))


@pytest.fixture(scope="session")
def joint(scorer):
    return run_to_end(joint_test(scorer, SET))


@pytest.fixture(scope="session")
def pairs(scorer):
    return run_to_end(interactions(scorer, SET))


@pytest.fixture(scope="session")
def search(demo):
    *_, found = greedy(Scorer(demo, keep_only_spec(NAMES)), 4)
    return found
