"""Two runs beside each other: the maps, their difference, the scatter, and both in words."""

import dataclasses
from itertools import combinations, product

import numpy as np
import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.comparison import (
    A_AND_B,
    RunName,
    comparison_alt,
    difference_scale,
    limits,
)
from components.figures.comparison_maps import MARKED, comparison_maps
from components.figures.comparison_scatter import CHOSEN, NAMED, SIDE, comparison_scatter
from core.demo import example
from core.results.agreement import with_kind
from core.results.comparison import compare
from core.results.metrics import KL, LOGPROB, PROB
from core.results.result import HeadEffect
from core.spec.ablation import AblationKind
from core.spec.heads import Head, all_heads
from core.sweep.sweep import run_sweep

CHOSEN_HEAD = Head(1, 2)
SHAPES = ((1, 1), (3, 4), (12, 12), (48, 25))


@pytest.fixture(scope="module")
def zero(demo):
    return run_sweep(demo, with_kind(example.SPEC, AblationKind.ZERO))


def valued(result, changes):
    """The result with these changes of probability; log prob is ten times that, KL its size."""
    heads = tuple(
        HeadEffect(
            layer=layer,
            head=head,
            prob=0.5,
            prob_change=float(change),
            logprob_change=10 * float(change),
            logodds_change=0.0,
            logit_diff_change=None,
            kl=10 * abs(float(change)),
            rank=1,
            top=((" a", 0.5),),
        )
        for (layer, head), change in np.ndenumerate(np.array(changes))
    )
    return dataclasses.replace(result, shape=np.shape(changes), heads=heads, _index={})


def two_random(result, shape):
    draws = np.random.default_rng(0).standard_t(2, size=(2, *shape)) / 20
    return valued(result, draws[0]), valued(result, 0.8 * draws[0] + 0.5 * draws[1])


@pytest.mark.parametrize("metric", [PROB, KL], ids=["signed", "unsigned"])
def test_each_panel_has_its_values_in_the_metrics_unit(zero, result, metric):
    figure = comparison_maps(compare(zero, result, metric.field), metric, Look())
    one, other = metric.values(zero), metric.values(result)
    for panel, values in enumerate((one, other, other - one)):
        assert np.array(drawn.heatmap_of(figure, panel).z) == pytest.approx(values)
    axes = [drawn.heatmap_of(figure, panel).coloraxis for panel in range(3)]
    assert axes == ["coloraxis", "coloraxis", "coloraxis2"]
    runs, apart = figure.layout.coloraxis, figure.layout.coloraxis2
    assert runs.cmax == pytest.approx(max(np.abs(one).max(), np.abs(other).max()))
    assert runs.cmin == (-runs.cmax if metric.signed else 0)
    assert apart.cmin == -apart.cmax


def test_red_is_where_more_was_lost_in_the_second_run():
    """There a change is lower but a KL is higher, and 0 is the paper in either."""
    for look in (Look(), Look(dark=True)):
        (_, lost), *_, (_, kept) = difference_scale(PROB, look)
        assert (lost, kept) == (look.diverging[0][1], look.diverging[-1][1])
        (_, slight), *_, (_, damaged) = difference_scale(KL, look)
        assert (damaged, slight) == (lost, kept)
        for metric in (PROB, KL):
            assert dict(difference_scale(metric, look))[0.5] == look.paper
            assert [at for at, _ in difference_scale(metric, look)] == sorted(
                at for at, _ in difference_scale(metric, look)
            )


@pytest.mark.parametrize(
    ("other", "metric", "expected", "said"),
    [
        ([[-0.1, 0.0]], PROB, (40, 30), None),  # 30 of 40 points: it shows on the runs' scale
        ([[-0.39, 0.0]], PROB, (40, 1), "its own"),
        ([[0.4, 0.0]], PROB, (40, 80), "its own"),
        ([[-0.4, 0.0]], PROB, (40, 1), "its own"),  # nothing differs: no scale of noise
        ([[-0.1, 0.0]], KL, (4, 3), "its own"),
    ],
)
def test_the_difference_is_on_the_runs_scale_where_that_shows_it(
    result, other, metric, expected, said
):
    one = valued(result, [[-0.4, 0.0]])
    comparison = compare(one, valued(result, other), metric.field)
    ends = (expected[0], expected[0]) if said is None else expected
    assert limits(comparison, metric) == pytest.approx(ends)
    figure = comparison_maps(comparison, metric, Look())
    assert figure.layout.coloraxis.cmax == pytest.approx(ends[0])
    assert figure.layout.coloraxis2.cmax == pytest.approx(ends[1])
    words = [note.text for note in figure.layout.annotations]
    assert f"both runs, {metric.unit}" in words
    assert f"B − A, {metric.unit}<br>on {said or 'the runs’'} scale" in words


def test_a_click_on_any_panel_gives_the_head_and_its_hover_both_values(result):
    one, other = valued(result, [[-0.4, 0.01]]), valued(result, [[-0.15, 0.0]])
    figure = comparison_maps(compare(one, other, "prob_change"), PROB, Look())
    for panel in range(3):
        assert drawn.told_by(figure, panel) == {
            (0, 0): "<b>L0H0</b><br>A −40.0 pp<br>B −15.0 pp<br>B − A +25.0 pp",
            (0, 1): "<b>L0H1</b><br>A +1.0 pp<br>B 0.0 pp<br>B − A −1.0 pp",
        }
    unsigned = comparison_maps(compare(one, other, "kl"), KL, Look())
    expected = "<b>L0H0</b><br>A 4.00 nats<br>B 1.50 nats<br>B − A −2.50 nats"
    assert drawn.told_by(unsigned)[0, 0] == expected


def test_the_strongest_cells_of_each_panel_carry_their_number(result):
    one, other = valued(result, [[-0.4, 0.004]]), valued(result, [[-0.15, 0.123]])
    figure = comparison_maps(compare(one, other, "prob_change"), PROB, Look())
    assert drawn.numbers_of(figure, 0) == {(0, 0): "−40"}  # 0.4 points are not notable
    assert drawn.numbers_of(figure, 1) == {(0, 0): "−15", (0, 1): "+12"}
    assert drawn.numbers_of(figure, 2) == {(0, 0): "+25", (0, 1): "+12"}
    figure = comparison_maps(compare(one, other, "kl"), KL, Look())
    assert drawn.numbers_of(figure, 0) == {(0, 0): "4.0"}
    assert drawn.numbers_of(figure, 2) == {(0, 0): "−2.5", (0, 1): "+1.2"}


@pytest.mark.parametrize(
    ("shape", "look"), list(zip(SHAPES, [Look(), Look(dark=True)] * 2, strict=True))
)
def test_maps_of_any_shape(result, shape, look):
    comparison = compare(*two_random(result, shape), "prob_change")
    chosen = Head(shape[0] - 1, shape[1] - 1)
    figure = comparison_maps(comparison, PROB, look, chosen)
    for panel in range(3):
        assert list(drawn.told_by(figure, panel)) == all_heads(*shape)
        # In more than twelve columns numbers would run over their cells.
        assert len(drawn.numbers_of(figure, panel)) <= (MARKED if shape[1] <= 12 else 0)
    frames = drawn.shapes_of(figure, f"selected {chosen.label}")
    assert [frame.xref for frame in frames] == ["x", "x2", "x3"]
    assert [frame.yref for frame in frames] == ["y", "y2", "y3"]
    for frame in frames:
        assert (frame.x0 + frame.x1) / 2 == pytest.approx(chosen.head)
        assert (frame.y0 + frame.y1) / 2 == pytest.approx(chosen.layer)
    spans = [figure.layout[f"xaxis{number}"].domain for number in ("", 2, 3)]
    assert [low < high for low, high in spans] == [True] * 3
    assert spans[0][1] < spans[1][0] < spans[1][1] < spans[2][0] < spans[2][1] <= 1


def test_no_selected_head_is_outlined_where_none_is(result):
    comparison = compare(*two_random(result, (3, 4)), "prob_change")
    assert drawn.shapes_of(comparison_maps(comparison, PROB, Look()), "selected") == []


ODD = (RunName("A", drawn.ODD), RunName("<i>", "a caption of more words than a panel has " * 4))


def test_names_are_shown_as_typed_and_cut_to_three_lines(zero, result):
    comparison = compare(zero, result, "prob_change")
    figure = comparison_maps(comparison, PROB, Look(), names=ODD)
    words = [note.text for note in figure.layout.annotations]
    assert words[0] == "<b>A</b> &lt;b&gt;x&lt;/b&gt;$\u200by$\u200b"
    assert words[1].startswith("<b>&lt;i&gt;</b> a caption")
    assert words[1].count("<br>") == 2
    assert words[1].endswith("…")
    assert words[2] == "<b>&lt;i&gt; − A</b> red:<br>lower in &lt;i&gt;"
    for made in (figure, comparison_scatter(comparison, PROB, Look(), names=ODD)):
        for text in drawn.strings_of(made):
            assert "<b>x" not in text
            assert "<i>" not in text
            assert "$y$" not in text
    plain = comparison_maps(comparison, PROB, Look())
    assert plain.layout.height < figure.layout.height  # no room is kept for a second line


def test_every_head_is_a_point_of_the_scatter_in_its_layers_colour(zero, result):
    comparison = compare(zero, result, "logprob_change")
    figure = comparison_scatter(comparison, LOGPROB, Look(), CHOSEN_HEAD)
    points, heads = figure.data[0], all_heads(*result.shape)
    one, other = LOGPROB.values(zero), LOGPROB.values(result)
    expected = {(one[h], other[h], h.layer) for h in heads}
    assert set(zip(points.x, points.y, points.marker.color, strict=True)) == expected
    trace = drawn.targets_of(figure)
    assert [tuple(cell) for cell in trace.customdata] == heads
    assert list(trace.x) == pytest.approx([one[h] for h in heads])
    assert list(trace.y) == pytest.approx([other[h] for h in heads])
    for head in heads:
        said = drawn.told_by(figure)[head]
        assert LOGPROB.quantity(one[head]) in said
        assert LOGPROB.quantity(other[head]) in said
    # The selected head's point is large and on top of all others.
    assert list(points.marker.size).count(CHOSEN) == 1
    assert points.marker.size[-1] == CHOSEN
    assert (points.x[-1], points.y[-1]) == (one[CHOSEN_HEAD], other[CHOSEN_HEAD])
    assert figure.layout.coloraxis.colorscale[0][1] != Look().paper  # layer 0 is seen too
    assert figure.layout.coloraxis.cmax == result.shape[0] - 1


@pytest.mark.parametrize("metric", [PROB, KL], ids=["signed", "unsigned"])
def test_both_axes_are_the_same_and_hold_every_point_0_and_the_diagonal(zero, result, metric):
    figure = comparison_scatter(compare(zero, result, metric.field), metric, Look())
    low, high = figure.layout.xaxis.range
    assert figure.layout.yaxis.range == (low, high)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert low < min(0, *figure.data[0].x, *figure.data[0].y)
    assert high > max(0, *figure.data[0].x, *figure.data[0].y)
    (line,) = drawn.shapes_of(figure, "diagonal")
    assert (line.x0, line.x1) == (line.y0, line.y1) == (low, high)
    assert figure.layout.xaxis.zeroline
    assert figure.layout.yaxis.zeroline


def test_noise_is_not_blown_up_to_the_whole_plot(result):
    slight = valued(result, [[1e-6, -1e-6]])
    figure = comparison_scatter(compare(slight, slight, "prob_change"), PROB, Look())
    assert figure.layout.xaxis.range == pytest.approx((-1.16, 1.16))
    assert figure.layout.annotations == ()


def boxes_of(figure):
    """Each label's middle and halves in pixels of the square, at the size of its letters."""
    low, high = figure.layout.xaxis.range
    for note in figure.layout.annotations:
        x, y = ((value - low) / (high - low) * SIDE for value in (note.x, note.y))
        half = 3.5 * len(note.text.removeprefix("<b>").removesuffix("</b>")), 7
        yield note, np.array([x + note.xshift, y + note.yshift]), np.array(half)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_labels_cover_neither_each_other_nor_points_and_stay_inside(result, shape):
    comparison = compare(*two_random(result, shape), "prob_change")
    figure = comparison_scatter(comparison, PROB, Look())
    boxes = list(boxes_of(figure))
    moved = {m.head.label for m in comparison.moved[:NAMED]}
    assert boxes
    assert {note.text for note, *_ in boxes} <= moved
    for (_, a, half), (_, b, other) in combinations(boxes, 2):
        assert (np.abs(a - b) >= half + other - 1e-9).any()
    low, high = figure.layout.xaxis.range
    points = (np.array([figure.data[0].x, figure.data[0].y]).T - low) / (high - low) * SIDE
    for (_, middle, half), point in product(boxes, points):
        assert (np.abs(point - middle) >= half).any()
    for _, middle, half in boxes:
        assert (middle - half >= 0).all()
        assert (middle + half <= SIDE).all()


def test_the_selected_head_is_always_named_and_labels_grow_with_the_look(result):
    comparison = compare(*two_random(result, (12, 12)), "prob_change")
    still = comparison.moved[-1].head  # in the thick of the others
    figure, large = (
        comparison_scatter(comparison, PROB, look, still) for look in (Look(), Look(scale=2))
    )
    assert f"<b>{still.label}</b>" in [note.text for note in figure.layout.annotations]
    for one, twice in zip(figure.layout.annotations, large.layout.annotations, strict=True):
        assert (twice.text, twice.x, twice.y) == (one.text, one.x, one.y)
        assert (twice.xshift, twice.yshift) == pytest.approx((2 * one.xshift, 2 * one.yshift))
    assert large.layout.height == 2 * figure.layout.height


def test_one_layer_needs_no_colour_bar(result):
    one, two = valued(result, [[0.1, 0.2]]), valued(result, [[0.1], [0.2]])
    shown = [
        comparison_scatter(compare(run, run, "kl"), KL, Look()).layout.coloraxis.showscale
        for run in (one, two)
    ]
    assert shown == [False, True]


def test_the_figures_in_words(result):
    one, other = valued(result, [[-0.4, 0.01, 0]]), valued(result, [[-0.15, 0.0, 0.002]])
    comparison = compare(one, other, "prob_change")
    assert comparison_alt(comparison, PROB) == (
        "Change in P(target) of 3 heads, A against B. Rank correlation +0.50. The heads that "
        "differ most, A then B: L0H0 −40.0 and −15.0 pp; L0H1 +1.0 and 0.0 pp."
    )
    same = compare(one, one, "prob_change")
    assert comparison_alt(same, PROB).endswith("No head differs by 1 pp or more.")
    single = valued(result, [[0.1]])
    said = comparison_alt(compare(single, single, "kl"), KL, A_AND_B)
    assert said.startswith("KL(clean ‖ ablated) at the answer of 1 head, A against B. No head")
