"""Labels in a scatter: beside their points, inside the plot, over nothing."""

from itertools import combinations

import numpy as np
import pytest

from components.figures.base.label_placement import (
    LETTER,
    LINE,
    PlacedLabel,
    add_labels,
    place_labels,
)
from components.figures.base.look import Look, blank

ROOM = (400.0, 300.0)


def placed(points, labels, look=None, diameter=8.0, **options):
    points = np.array(points, dtype=float)
    diameters = np.full(len(points), diameter)
    return place_labels(labels, points, diameters, ROOM, look or Look(), **options)


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_no_label_covers_another_or_a_point_or_leaves_the_plot(seed, scale):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 1, (60, 2)) * ROOM
    labels = [PlacedLabel(i, f"L{i}H{i}") for i in range(20)]
    shifts = placed(points, labels, Look(scale=scale))
    assert shifts
    boxes = [
        (points[i] + shifts[i], scale * np.array([LETTER * len(labels[i].text), LINE]))
        for i in shifts
    ]
    for (one, half), (other, its) in combinations(boxes, 2):
        assert (np.abs(one - other) >= half + its).any()
    for middle, half in boxes:
        assert (middle - half >= 0).all()
        assert (middle + half <= ROOM).all()
        assert (np.abs(points - middle) >= half + 4 - 1e-9).any(1).all()


def test_a_crowded_label_is_left_out_unless_it_is_needed():
    heap = 100.0 + np.indices((21, 21)).reshape(2, -1).T * 5
    middle = len(heap) // 2
    assert placed(heap, [PlacedLabel(middle, "L1H2")]) == {}
    assert list(placed(heap, [PlacedLabel(middle, "L1H2", needed=True)])) == [middle]


def test_the_first_has_the_best_place():
    points = [(100, 100), (100, 106)]
    both = placed(points, [PlacedLabel(1, "b"), PlacedLabel(0, "a")])
    assert both[1][0] > 0
    assert both[1][1] == 0  # to the right, on its own line
    assert both[0][0] < 0  # the place to its right is taken


def test_a_place_without_a_line_is_preferred():
    def right_is_crossed(places, half):
        return (places[:, 0] > 100).astype(int)

    right, _ = placed([(100, 100)], [PlacedLabel(0, "a")], crossings=right_is_crossed)[0]
    assert right < 0


def test_labels_are_written_where_they_were_placed_and_the_needed_one_is_bold():
    points, labels = (
        np.array([[0.1, 2.0], [0.3, 4.0]]),
        [PlacedLabel(0, "a"), PlacedLabel(1, "b", needed=True)],
    )
    sketch = blank(Look(), 100)
    add_labels(sketch, labels, points, {1: (7.0, -3.0)}, Look())
    (note,) = sketch.figure().layout.annotations
    assert (note.text, note.x, note.y) == ("<b>b</b>", 0.3, 4.0)
    assert (note.xshift, note.yshift) == (7.0, -3.0)
