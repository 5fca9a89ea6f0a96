"""What a browser tells of the heatmap's grid: it may be anything that somebody has sent."""

import pytest
from support.forged import TOLD

from components.widgets.sweep.head_grid import choice_of
from core.spec.heads import Head

SHAPE = (3, 4)


@pytest.mark.parametrize(
    ("head", "found"), [([2, 3], Head(2, 3)), ([0, 0], Head(0, 0)), (None, None)]
)
def test_a_choice(head, found):
    assert choice_of({"head": head, "turn": 4}, SHAPE) == (found, 4)


@pytest.mark.parametrize("head", [[3, 0], [0, 4], [-1, 0]])
def test_a_head_that_the_sweep_on_screen_lacks(head):
    assert choice_of({"head": head, "turn": 4}, SHAPE) is None


@pytest.mark.parametrize("told", [told for told in TOLD if told != {"turn": 1}])
def test_what_no_grid_tells(told):
    assert choice_of(told, SHAPE) is None
