"""Comparison sets, held to counting every set there is; a set's place by hand."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.hypotheses.comparison_sets import Place, comparison_sets, place
from core.spec.heads import Head, all_heads
from core.spec.members import Mlp, heads_of, mlps_of

CHOSEN = st.sets(st.builds(Head, st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=5)


def layers(heads):
    return Counter(head.layer for head in heads)


def every_other_set(chosen, n_heads):
    """Every subset of the model's other heads, filtered."""
    free = [head for head in all_heads(3, n_heads) if head not in chosen]
    return {each for each in combinations(free, len(chosen)) if layers(each) == layers(chosen)}


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(CHOSEN, st.integers(5, 6))
def test_all_of_them_where_there_are_few(chosen, n_heads):
    expected = every_other_set(chosen, n_heads)
    found, possible = comparison_sets(tuple(chosen), (3, n_heads), most=10_000)
    assert possible == len(expected)
    assert len(found) == possible
    assert set(found) == expected


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(CHOSEN, st.integers(1, 20), st.integers(0, 5))
def test_some_of_them_where_there_are_many(chosen, most, seed):
    expected = every_other_set(chosen, 6)
    found, possible = comparison_sets(tuple(chosen), (3, 6), most, seed)
    assert possible == len(expected)
    assert len(found) == len(set(found)) == min(most, possible)
    assert set(found) <= expected
    assert found == comparison_sets(tuple(sorted(chosen, reverse=True)), (3, 6), most, seed)[0]


@pytest.mark.slow
def test_a_large_product_is_counted_and_not_listed():
    chosen = [Head(layer, head) for layer in range(24) for head in range(6)]
    found, possible = comparison_sets(chosen, (24, 16))
    assert possible == 210**24  # C(10, 6) in each layer
    assert len(set(found)) == 200
    assert all(layers(each) == layers(chosen) for each in found)
    assert not set(chosen) & {head for each in found for head in each}
    assert found != comparison_sets(chosen, (24, 16), seed=1)[0]


def test_more_than_half_of_a_layer_leaves_no_other_set():
    assert comparison_sets([Head(1, h) for h in range(4)], (2, 4)) == ([], 0)
    assert comparison_sets([Head(0, 0), Head(1, 0), Head(1, 1), Head(1, 2)], (2, 4)) == ([], 0)


def test_sets_with_mlps_are_matched_in_kind():
    """One head of layer 1 and two MLPs: three other heads, and pairs of the three other MLPs."""
    chosen = (Head(1, 2), Mlp(0), Mlp(3))
    found, possible = comparison_sets(chosen, (5, 4))
    pairs = combinations([Mlp(1), Mlp(2), Mlp(4)], 2)
    expected = {frozenset({Head(1, h), *pair}) for pair in pairs for h in (0, 1, 3)}
    assert possible == len(found) == 9
    assert {frozenset(each) for each in found} == expected
    drawn, possible = comparison_sets([Mlp(layer) for layer in range(10)], (24, 4), most=50)
    assert possible == 1001  # C(14, 10)
    assert len(set(drawn)) == 50
    assert all(len(mlps_of(each)) == 10 and not heads_of(each) for each in drawn)
    assert comparison_sets([Mlp(0), Mlp(1)], (3, 4)) == ([], 0)


def test_among_few_sets_a_rank_is_said_and_no_percentage():
    """ "100 % of the 3 sets" was said of what three others had to beat."""
    cases = [
        (-5.0, [-1.0, 0.0, 2.0], Place(1, 4, 0), "lowest of 4"),
        (3.0, [-1.0, 0.0, 2.0], Place(4, 4, 0), "highest of 4"),
        (-1.0, [-2.0, -1.0, 0.0, 1.0], Place(2, 5, 1), "2nd lowest of 5, tied with 1"),
        (0.0, [0.0], Place(1, 2, 1), "lowest of 2, tied with 1"),
        (0.5, [0.1 * i for i in range(19)], Place(6, 20, 1), "6th lowest of 20, tied with 1"),
    ]
    for change, others, expected, words in cases:
        found = place(change, others)
        assert found == expected
        assert found.words == words
        assert found.percentile is None
    assert place(0.0, []) is None


@pytest.mark.parametrize(
    ("change", "expected"), [(-9.0, 100.0), (99.0, 0.0), (5.0, 72.5), (5.5, 70.0)]
)
def test_percentile_by_hand(change, expected):
    """Twenty others, 0 to 19: of 5.0 fourteen are greater and one is equal."""
    assert place(change, [float(i) for i in range(20)]).percentile == expected
