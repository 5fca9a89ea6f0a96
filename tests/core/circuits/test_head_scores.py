"""Role scores as data, worked by hand."""

import json
import math

import numpy as np
import pytest

from core.circuits.head_scores import ROLES, HeadScores
from core.spec.heads import Head


def scores_of(induction, copying=None, **others):
    """Scores in which every role not named is 0."""
    mean = np.zeros((len(ROLES), *np.shape(induction)))
    mean[ROLES.index("induction")] = induction
    for role, scores in others.items():
        mean[ROLES.index(role.replace("_", " "))] = scores
    copying = None if copying is None else np.array(copying)
    return HeadScores(mean, mean / 10, 50, 20, 0, True, copying)


TWO_BY_TWO = scores_of(
    [[0.1, 0.5], [0.9, 0.5]], [[-1.0, 0.2], [0.6, 0.2]], first_token=[[0.3, 0.6], [0.05, 0.4]]
)


def test_each_role_has_its_own_scores_and_errors():
    assert TWO_BY_TWO.values("first token")[0, 1] == 0.6
    assert TWO_BY_TWO.values("copying")[1, 0] == 0.6
    assert TWO_BY_TWO.errors("induction")[1, 0] == pytest.approx(0.09)
    assert not TWO_BY_TWO.values("previous token").any()


@pytest.mark.parametrize(
    ("head", "percentile"),
    [(Head(0, 0), 0), (Head(1, 0), 100), (Head(0, 1), 50), (Head(1, 1), 50)],
)
def test_percentile_is_among_the_other_heads_and_ties_count_half(head, percentile):
    # L0H1 and L1H1 tie: one of three below, one equal.
    assert TWO_BY_TWO.percentile("induction", head) == pytest.approx(percentile)
    assert TWO_BY_TWO.percentile("copying", head) == pytest.approx(percentile)
    assert TWO_BY_TWO.percentile("previous token", head) == 50  # all equal


def test_percentile_counts_heads_and_not_distances():
    found = scores_of([[0.1, 0.2, 0.3, 0.4, 0.99]])
    assert [found.percentile("induction", Head(0, h)) for h in range(5)] == [0, 25, 50, 75, 100]
    assert math.isnan(scores_of([[0.5]]).percentile("induction", Head(0, 0)))


def test_named_heads_reach_the_threshold_highest_first():
    assert TWO_BY_TWO.heads_in_role("induction") == [Head(1, 0), Head(0, 1), Head(1, 1)]
    assert TWO_BY_TWO.heads_in_role("first token") == [Head(0, 1), Head(1, 1)]  # 0.4 itself counts
    assert TWO_BY_TWO.heads_in_role("induction", 0.95) == []
    assert TWO_BY_TWO.heads_in_role("copying") == [Head(1, 0)]


def test_a_head_looks_like_its_highest_role_only_from_the_threshold_on():
    assert TWO_BY_TWO.looks_like(Head(1, 0)) == "induction"  # though it copies too
    assert TWO_BY_TWO.looks_like(Head(0, 1)) == "first token"
    assert TWO_BY_TWO.looks_like(Head(0, 0)) is None
    assert TWO_BY_TWO.looks_like(Head(0, 0), 0.3) == "first token"


def test_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"'prefix': choose one of induction.* copying"):
        TWO_BY_TWO.values("prefix")
    with pytest.raises(ValueError, match=r"'copying': choose one of .* first token$"):
        scores_of([[0.5]]).values("copying")
    with pytest.raises(ValueError, match="'copying'"):
        TWO_BY_TWO.errors("copying")


def test_as_json_every_head_keeps_its_own_numbers():
    found = json.loads(json.dumps(TWO_BY_TWO.to_dict(), allow_nan=False))
    assert (found["copy_length"], found["n_sequences"], found["seed"]) == (50, 20, 0)
    assert found["has_bos"] is True
    assert [row["label"] for row in found["heads"]] == ["L0H0", "L0H1", "L1H0", "L1H1"]
    row = found["heads"][2]
    assert (row["layer"], row["head"], row["looks_like"]) == (1, 0, "induction")
    assert row["scores"] == {**dict.fromkeys(ROLES, 0.0), "induction": 0.9, "first token": 0.05}
    assert row["standard_errors"]["induction"] == pytest.approx(0.09)
    assert row["copying"] == 0.6


def test_as_json_what_has_no_number_is_null():
    single = scores_of([[0.5]])
    single = HeadScores(single.mean, single.mean * np.nan, 50, 1, 0, False)
    (row,) = json.loads(json.dumps(single.to_dict(), allow_nan=False))["heads"]
    assert row["copying"] is None
    assert set(row["standard_errors"].values()) == {None}
