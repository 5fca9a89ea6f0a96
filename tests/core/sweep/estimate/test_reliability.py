"""An estimate is shown as long as the heads measured nearest to the others do not refute it."""

import dataclasses

import numpy as np
import pytest

from core.demo import example
from core.results.metrics import KL, LOGODDS, PROB
from core.spec.heads import Head
from core.sweep.estimate.attribution import Estimate, check_estimate
from core.sweep.estimate.estimate_words import estimate_check_words, estimate_words
from core.sweep.estimate.reliability import (
    CORRELATION,
    FEWEST,
    MISS,
    NEAREST,
    Standing,
    reliability,
    shown_guesses,
)

SHAPE = (6, 8)
EXACT = np.random.default_rng(0).normal(size=SHAPE)


def sweep(exact=EXACT, first_layer=0, last_layer=None):
    """A sweep whose log odds are these, of which the layers from one on are measured."""
    saved = example.saved()
    heads = tuple(
        dataclasses.replace(
            saved.heads[0],
            layer=layer,
            head=head,
            logodds_change=float(exact[layer, head]),
        )
        for layer in range(first_layer, SHAPE[0] if last_layer is None else last_layer)
        for head in range(SHAPE[1])
    )
    return dataclasses.replace(saved, shape=SHAPE, heads=heads, _index={})


def estimate_of(values):
    return Estimate({LOGODDS.field: values})


def standing(values, result):
    return reliability(estimate_of(values), result, LOGODDS).standing


def test_it_is_judged_when_enough_heads_are_measured():
    partial = sweep(first_layer=5)
    assert len(partial.heads) == FEWEST
    assert standing(EXACT, partial) is Standing.HOLDS
    fewer = dataclasses.replace(partial, heads=partial.heads[1:], _index={})
    assert standing(EXACT, fewer) is Standing.UNTESTED
    assert standing(-EXACT, fewer) is Standing.UNTESTED
    assert shown_guesses(estimate_of(-EXACT), fewer, LOGODDS) is not None


def test_it_fails_by_its_order_and_by_its_size():
    partial = sweep(first_layer=3)
    found = reliability(estimate_of(EXACT * (1 + MISS + 0.01)), partial, LOGODDS)
    assert found.correlation == pytest.approx(1)  # its order is right, its size is not
    assert found.miss == pytest.approx(MISS + 0.01)
    assert found.standing is Standing.FAILS
    assert standing(EXACT * (1 + MISS - 0.01), partial) is Standing.HOLDS
    close = 10 + EXACT / 100  # of all about the same size, the order is wrong
    found = reliability(estimate_of(10 - EXACT / 100), sweep(close, first_layer=3), LOGODDS)
    assert found.miss < MISS
    assert found.correlation < CORRELATION
    assert found.standing is Standing.FAILS


def test_the_heads_next_to_what_is_missing_decide():
    """Deep layers are easily right: three layers that are wrong outvote two that are right."""
    guesses = EXACT.copy()
    guesses[1:4] *= -1
    assert 3 * SHAPE[1] == NEAREST
    assert standing(guesses, sweep(first_layer=4)) is Standing.HOLDS
    assert standing(guesses, sweep(first_layer=1)) is Standing.FAILS
    assert shown_guesses(estimate_of(guesses), sweep(first_layer=1), LOGODDS) is None
    assert reliability(estimate_of(guesses), sweep(first_layer=1), LOGODDS).n_heads == NEAREST


def test_effects_that_are_all_nothing_are_no_proof():
    nothing = sweep(np.zeros(SHAPE), first_layer=3)
    found = reliability(estimate_of(EXACT), nothing, LOGODDS)
    assert (found.standing, found.correlation, found.miss) == (Standing.FAILS, None, None)
    assert "rank correlation not defined)" in estimate_words(estimate_of(EXACT), nothing, LOGODDS)


def test_without_an_estimate_there_is_none_to_show():
    for estimate, metric in ((None, LOGODDS), (estimate_of(EXACT), KL)):
        assert reliability(estimate, sweep(first_layer=3), metric).standing is Standing.UNTESTED
        assert shown_guesses(estimate, sweep(first_layer=3), metric) is None


def test_the_words_say_what_is_shown_and_why():
    said = estimate_words(estimate_of(EXACT), sweep(first_layer=6), LOGODDS)
    assert said.startswith("Estimated so far: 48 of 48 cells, hatched and marked ≈: a first-order")
    assert "no measured head has checked yet" in said
    said = estimate_words(estimate_of(EXACT * 1.1), sweep(first_layer=4), LOGODDS)
    assert "It held on the last 16 heads measured (rank correlation +1.00, misses 10 % of" in said
    assert said.startswith("Estimated so far: 32 of 48 cells")
    said = estimate_words(estimate_of(-EXACT), sweep(first_layer=4), LOGODDS)
    assert said.startswith("32 of 48 cells stay blank until they are measured")
    assert "(rank correlation −1.00, misses 200 % of the effects’ size)" in said
    assert estimate_words(estimate_of(EXACT), sweep(first_layer=4), KL) == (
        "KL has no first-order estimate: its cells appear as they are measured."
    )


def test_afterwards_the_estimate_is_held_against_the_whole_sweep():
    result = example.saved()
    guesses = PROB.values(result) / PROB.factor
    guesses[0, 0] += 0.5
    estimate = Estimate({PROB.field: guesses})
    assert estimate_words(estimate, result, PROB) == ""
    said = estimate_check_words(estimate, result, PROB)
    check = check_estimate(estimate, result, PROB.field)
    assert check.worst[0][0] == Head(0, 0)
    assert "worst misses L0H0: estimated −31.4, measured −81.4 pp; " in said
    assert f"over {len(result.heads)} heads" in said
    assert estimate_check_words(estimate, result, KL) == "KL has no first-order estimate."
    partial = dataclasses.replace(result, heads=result.heads[:3], _index={})
    assert estimate_check_words(estimate, partial, PROB) == ""
