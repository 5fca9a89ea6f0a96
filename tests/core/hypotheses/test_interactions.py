"""Interactions equal three separate runs, and the formula."""

import json

import numpy as np
import pytest

from core import AblationKind
from core.errors import InputError
from core.hypotheses.interactions import Interactions, interactions
from core.hypotheses.relation import Relation, relation
from core.progress import run_to_end
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer

HEADS = (Head(0, 1), Head(1, 0), Head(1, 3), Head(2, 2))


@pytest.mark.slow
@pytest.mark.parametrize("foil", [None, " fox"])
@pytest.mark.parametrize("kind", list(AblationKind))
def test_every_pair_is_three_runs_of_hooks(loaded, hooked, spec_of, kind, foil):
    model = loaded("neox-parallel")
    spec = spec_of(model, kind, foil=foil)
    found = run_to_end(interactions(Scorer(model, spec), HEADS))
    plain = hooked("neox-parallel", spec)
    alone = [plain.change([head]) for head in HEADS]
    np.testing.assert_allclose(found.single, alone, atol=1e-4)
    for a, b in ((0, 1), (1, 2), (0, 3)):
        together = plain.change([HEADS[a], HEADS[b]])
        assert found.pair[a, b] == pytest.approx(together, abs=1e-4)
        expected = together - alone[a] - alone[b]
        assert found.values[a, b] == pytest.approx(expected, abs=3e-4)
    np.testing.assert_array_equal(found.values, found.values.T)
    np.testing.assert_array_equal(np.isnan(found.values), np.eye(4, dtype=bool))


@pytest.mark.shapes
def test_every_pair_has_its_relation_by_hand():
    nan = np.nan
    found = Interactions(
        HEADS[:3],
        "logit_diff_change",
        np.array([-1.0, -0.5, 0.25]),
        np.array([[nan, -3.0, -0.875], [-3.0, nan, 0.0], [-0.875, 0.0, nan]]),
        0.5,
        np.full((3, 3), 0.25),
    )
    expected = [[nan, -1.5, -0.125], [-1.5, nan, 0.25], [-0.125, 0.25, nan]]
    np.testing.assert_array_equal(found.values, expected)
    assert [(pair.heads, pair.interaction, pair.relation) for pair in found.pairs] == [
        ((HEADS[0], HEADS[1]), -1.5, Relation.BACKUP),
        ((HEADS[1], HEADS[2]), 0.25, Relation.NOT_ADDITIVE),
        ((HEADS[0], HEADS[2]), -0.125, Relation.NOT_ADDITIVE),
    ]
    told = found.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["pairs"][0] == {
        "heads": ["L0H1", "L1H0"],
        "joint": -3.0,
        "interaction": -1.5,
        "relation": "back each other up",
        "prob": 0.25,
    }
    assert told["clean_prob"] == 0.5


@pytest.mark.parametrize(
    ("joint", "singles", "expected"),
    [
        (-3.0, (-1.0, -0.5), Relation.BACKUP),
        (-0.5, (0.25, 0.5), Relation.NOT_ADDITIVE),  # two gains that turn into a loss
        (9.46, (7.24, 4.61), Relation.GAINS),
        (14.0, (7.24, 4.61), Relation.NOT_ADDITIVE),
        (-8.82, (-7.58, -2.05), Relation.LOSSES),
        (0.5, (-1.0, -1.0), Relation.NOT_ADDITIVE),  # two losses that turn into a gain
        (-0.9, (-1.0, 0.5), Relation.NOT_ADDITIVE),  # below the sum, above the worse of the two
        (-1.25, (-1.0, 0.25), Relation.NOT_ADDITIVE),  # one of them helps when it is gone
        (-1.62, (-1.6, 0.05), Relation.ADDITIVE),
        (-1.62, (-1.55, 0.09), Relation.NOT_ADDITIVE),  # no worse than the worst alone
        (-0.65, (0.38, 0.01), Relation.NOT_ADDITIVE),
        (-1.55, (-1.0, -0.5), Relation.ADDITIVE),
        (-1.75, (-1.0, -0.5, -0.125), Relation.BACKUP),
        (-0.75, (-0.75,), Relation.ADDITIVE),
    ],
)
def test_relations_by_hand(joint, singles, expected):
    assert relation(joint, singles) is expected


def test_the_minimum_itself_counts():
    assert relation(-2.0, (-1.0, -0.5), 0.5) is Relation.BACKUP
    assert relation(-2.0, (-1.0, -0.5), 0.51) is Relation.ADDITIVE


@pytest.mark.shapes
def test_two_to_ten_heads(loaded, spec_of):
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, AblationKind.ZERO))
    for heads, said in (([Head(0, 0)] * 2, "at least 2"), (all_heads(3, 4), "at most 10")):
        with pytest.raises(InputError, match=said) as caught:
            run_to_end(interactions(scorer, heads))
        assert caught.value.field == "heads"
    assert len(run_to_end(interactions(scorer, all_heads(3, 4)[:10])).heads) == 10
