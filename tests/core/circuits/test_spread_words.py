"""What hardly differs is said and not drawn; what does is named with its number."""

import numpy as np
import pytest

from core.circuits.composition import Composition
from core.circuits.spread_words import (
    MOVED,
    STANDS_OUT,
    composition_spread,
    unmoved_scores,
    unmoved_words,
)
from core.results.leading import NOTABLE_NATS

NAN = float("nan")


def test_changes_that_are_nothing_have_their_range():
    values = np.array([NAN, -0.02, 0.01, 0.004])
    assert unmoved_words("MLP", values) == (
        "No later MLP changed its own direct contribution by 0.1 nats or more: 3 changes, −0.02 to "
        "+0.01 nats."
    )
    assert unmoved_words("MLP", np.array([NAN, 0.03])).endswith("1 change, all +0.03 nats.")
    for notable in (NOTABLE_NATS, -NOTABLE_NATS):
        assert unmoved_words("MLP", np.array([NAN, 0.03, notable])) == ""
    assert unmoved_words("head", np.full((3, 4), NAN)) == "No head comes after this one."


def test_scores_move_from_the_line_on():
    before = np.full((2, 3), 0.5)
    after = before.copy()
    after[1, 2] -= MOVED - 1e-6
    assert unmoved_scores(before, after)
    after[1, 2] -= 2e-6
    assert not unmoved_scores(before, after)


def composition(query, key=NAN, value=NAN, random=0.05):
    """Two heads of layer 0 with these scores, nothing from layer 1 on."""
    made = (np.array([[each, 0.04], [NAN, NAN]]) for each in (query, key, value))
    return Composition(*made, random)


def test_composition_scores_near_those_of_random_weights_are_all_alike():
    near = composition(0.058, 0.048, STANDS_OUT * 0.05 - 1e-3)
    assert composition_spread(near) == (
        "None of the 6 scores is twice what random weights give: they lie between 0.040 and 0.099."
    )


@pytest.mark.parametrize(("key", "n", "are"), [(0.2, 2, "scores are"), (0.03, 1, "score is")])
def test_those_that_stand_out_are_named_the_highest_first(key, n, are):
    said = composition_spread(composition(0.1, key))
    assert said.startswith(f"{n} of 5 {are} at least twice what random weights give: ")
    named = ["K of L0H0 0.200"] * (n - 1) + ["Q of L0H0 0.100."]
    assert said.endswith(", ".join(named))


def test_a_head_of_the_first_layer_has_none():
    nothing = np.full((1, 2), NAN)
    assert composition_spread(Composition(nothing, nothing, nothing, 0.05)) == ""
