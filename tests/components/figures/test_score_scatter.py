"""Where every head looks against what its ablation does: points, clicks, labels."""

from itertools import combinations

import numpy as np
import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.score_scatter import score_scatter
from core.circuits.head_scores import COPYING, THRESHOLD
from core.results.metrics import LOGPROB, PROB
from core.spec.heads import Head, all_heads

NAN = float("nan")
INDUCTION = Head(1, 2)


def scattered(roles, result, **options):
    effects = LOGPROB.values(result)
    return score_scatter(
        roles.values("induction"), effects, "induction", LOGPROB, Look(), **options
    )


def test_every_head_is_a_point_once_and_a_click_gives_it(roles, result):
    figure = scattered(roles, result)
    points, trace = figure.data[0], drawn.targets_of(figure)
    heads = all_heads(*result.shape)
    assert [tuple(cell) for cell in trace.customdata] == heads
    for drawn_at in (points, trace):
        assert list(drawn_at.x) == pytest.approx([roles.values("induction")[h] for h in heads])
        assert list(drawn_at.y) == pytest.approx([LOGPROB.values(result)[h] for h in heads])
    effect = LOGPROB.quantity(result.effect(INDUCTION).logprob_change)
    score = roles.values("induction")[INDUCTION]
    assert drawn.told_by(figure)[INDUCTION] == f"<b>L1H2</b> induction {score:.2f} · {effect}"


def test_heads_without_a_number_are_no_points():
    scores = np.array([[0.1, NAN, 0.3], [0.4, 0.5, 0.6]])
    effects = np.array([[1.0, 2.0, NAN], [-1.0, 0.0, 2.0]])
    figure = score_scatter(scores, effects, "induction", PROB, Look(), Head(0, 1))
    assert list(drawn.told_by(figure)) == [(0, 0), (1, 0), (1, 1), (1, 2)]
    assert list(figure.data[0].x) == [0.1, 0.4, 0.5, 0.6]
    assert "L0H1" not in " ".join(drawn.strings_of(figure))
    empty = score_scatter(np.full((2, 3), NAN), effects, "induction", PROB, Look())
    assert drawn.told_by(empty) == {}


def test_the_chosen_head_alone_is_emphasised_and_always_named(roles, result):
    for head in (Head(0, 0), Head(1, 3), Head(2, 1)):
        figure = scattered(roles, result, selected=head)
        marker = figure.data[0].marker
        chosen = all_heads(*result.shape).index(head)
        assert marker.color[chosen] == Look().accent
        assert list(marker.color).count(Look().accent) == 1
        assert marker.size[chosen] == max(marker.size)
        assert list(marker.size).count(max(marker.size)) == 1
        named = [note for note in figure.layout.annotations if note.text == f"<b>{head.label}</b>"]
        assert [(note.x, note.y) for note in named] == [
            (figure.data[0].x[chosen], figure.data[0].y[chosen])
        ]


def test_the_threshold_is_that_of_attention_and_not_of_copying(roles, result):
    low_scores = roles.values("current token") / 10
    for scores in (roles.values("induction"), low_scores):
        figure = score_scatter(scores, LOGPROB.values(result), "x", LOGPROB, Look())
        (line,) = drawn.shapes_of(figure, "threshold")
        assert line.x0 == line.x1 == THRESHOLD
        low, high = figure.layout.xaxis.range
        assert low < 0 < THRESHOLD < high  # in view, though every score be below
    effects = LOGPROB.values(result)
    copying = score_scatter(roles.values(COPYING), effects, COPYING, LOGPROB, Look())
    assert copying.layout.shapes == ()
    assert "OV circuit" in copying.layout.xaxis.title.text
    low, high = copying.layout.xaxis.range
    assert low < roles.copying.min() < 0 < roles.copying.max() < high


PLOT_WIDTH = 480
"""Pixels: the plot of a figure that has half of the page."""


class Box:
    """What a label or a point covers, in pixels from the plot's lower left corner."""

    def __init__(self, x, y, width, height):
        self.x, self.y, self.width, self.height = x, y, width, height

    def covers(self, other):
        across = abs(self.x - other.x) < (self.width + other.width) / 2
        return across and abs(self.y - other.y) < (self.height + other.height) / 2


def boxes_of(figure, look):
    """(labels by text, points) where the axes and the pixels they have put them."""
    layout, points = figure.layout, figure.data[0]
    # The height without layer effects, tick labels and the axis title.
    height = layout.height - 32 - look.size(45)
    (left, right), (low, high) = layout.xaxis.range, layout.yaxis.range

    def place(x, y):
        return (x - left) / (right - left) * PLOT_WIDTH, (y - low) / (high - low) * height

    dots = [
        Box(*place(x, y), size, size)
        for x, y, size in zip(points.x, points.y, points.marker.size, strict=True)
    ]
    labels = {}
    for note in layout.annotations:
        text = note.text.replace("<b>", "").replace("</b>", "")
        if note.yref == "paper":  # the threshold's, above the plot
            continue
        x, y = place(note.x, note.y)
        size = note.font.size
        labels[text] = Box(x + note.xshift, y + note.yshift, 0.56 * size * len(text), size)
    return labels, dots


def crowds():
    """(name, scores, effects): from a lattice to heads in heaps, near 0 and far from it."""
    rng = np.random.default_rng(5)
    for shape in ((12, 12), (24, 16), (3, 4)):
        for far in (0.0, 0.5):
            n = shape[0] * shape[1]
            heaps = rng.integers(0, 4, n)
            x = np.array([0.02, 0.05, 0.3, 0.33])[heaps] + 0.03 * rng.random(n)
            y = rng.normal(0, 0.3, n) - 12 * far
            yield f"heaps {shape} {far}", (x + far).reshape(shape), y.reshape(shape)
            x, y = rng.beta(0.4, 2, n) / 2, rng.standard_t(2, n)
            yield f"tails {shape} {far}", (x + far).reshape(shape), (y - 40 * far).reshape(shape)
    same = np.full((12, 12), 0.5)
    yield "all in one place", same, same
    yield "on a line", same, np.linspace(-1, 1, 144).reshape(12, 12)
    yield "in a row", np.linspace(0, 1, 144).reshape(12, 12), same
    # Heads of two digits side by side: the widest labels.
    row = np.full((12, 12), 0.0)
    row[10, 8:], row[11, 8:] = np.linspace(0.7, 1, 4), np.linspace(0.74, 1.04, 4)
    yield "wide labels", row, np.where(row > 0, 5.0, 0.0)


LOOKS = (Look(), Look(scale=2.0))
CROWDS = [(turn, *crowd) for turn, crowd in enumerate(crowds())]


@pytest.mark.parametrize(("turn", "crowd", "scores", "effects"), CROWDS)
def test_no_label_covers_another_or_a_point_however_crowded(turn, crowd, scores, effects):
    """Every crowd with either type and with each chosen head, and these two with each other."""
    for i, chosen in enumerate((None, Head(0, 0), Head(len(scores) - 1, 1))):
        look = LOOKS[(turn + i) % len(LOOKS)]
        figure = score_scatter(scores, effects, "induction", LOGPROB, look, chosen)
        labels, dots = boxes_of(figure, look)
        for (one, a), (other, b) in combinations(labels.items(), 2):
            assert not a.covers(b), f"{one} covers {other}"
        for text, label in labels.items():
            # The chosen head's label has to stand somewhere, though it be in the crowd.
            if chosen is None or text != chosen.label:
                assert not any(label.covers(dot) for dot in dots), f"{text} covers a point"


def test_the_farthest_heads_are_named_where_there_is_room(roles, result):
    labels, _ = boxes_of(scattered(roles, result), Look())
    assert "L0H0" in labels  # the largest effect
    scores = np.array([[0.0, 1.0], [0.5, 0.0]])
    effects = np.array([[0.0, 0.0], [-9.0, -9.0]])
    found, _ = boxes_of(score_scatter(scores, effects, "induction", PROB, Look()), Look())
    assert set(found) == {"L0H0", "L0H1", "L1H0", "L1H1"}


def test_a_label_stands_to_the_side_where_above_and_below_are_taken():
    """Three heads on top of each other, far from all others: the middle one has its sides."""
    scores = np.array([[0.9, 0.9, 0.9], [0.0, 0.1, 0.0]])
    effects = np.array([[9.0, 8.3, 7.6], [0.0, 0.1, -0.1]])
    figure = score_scatter(scores, effects, "induction", PROB, Look(), Head(0, 1))
    (note,) = [note for note in figure.layout.annotations if note.text == "<b>L0H1</b>"]
    assert note.yshift == 0
    assert note.xshift != 0
    unchosen = score_scatter(scores, effects, "induction", PROB, Look())
    assert "L0H1" in [note.text for note in unchosen.layout.annotations]


def test_large_type_has_the_room_of_a_taller_figure():
    """In a column of heads each label has its own row, whatever the scale."""
    scores, effects = np.full((1, 12), 0.3), np.arange(12.0)[None]
    named = [
        set(boxes_of(score_scatter(scores, effects, "induction", PROB, look), look)[0])
        for look in (Look(), Look(scale=2.0))
    ]
    assert named[0] == named[1]
    assert {"L0H0", "L0H11"} < named[0]
