"""A set of heads: beside other sets, pair by pair, and as it grows."""

import dataclasses

import numpy as np
import pytest
from support import drawn

from components.figures.base.cells import rows_of
from components.figures.base.look import Look
from components.figures.hypotheses import other_sets_strip, pair_map
from components.figures.search_curve import search_curve
from core.hypotheses.interactions import Interactions
from core.hypotheses.joint_words import pair_words
from core.hypotheses.relation import Relation
from core.spec.heads import Head
from core.text.numbers import signed


def test_every_other_set_is_a_dot_and_the_chosen_one_a_line(joint):
    figure = other_sets_strip(joint, Look())
    (trace,) = figure.data
    assert len(joint.others) > 10
    assert list(trace.x) == pytest.approx([other.change for other in joint.others])
    for said, other in zip(trace.text, joint.others, strict=True):
        named = ", ".join(head.label for head in other.heads)
        assert said == f"{named}: {signed(other.change, 2)} nats"
    (line,) = drawn.shapes_of(figure, "chosen")
    assert line.x0 == line.x1 == joint.change
    assert line.line.color == Look().accent
    assert trace.marker.color != Look().accent
    (note,) = figure.layout.annotations
    assert note.text == f"<b>the chosen set: {signed(joint.change, 2)}</b>"
    assert note.x == joint.change


def test_all_sets_and_0_are_in_view(joint):
    figure = other_sets_strip(joint, Look())
    low, high = figure.layout.xaxis.range
    for value in (0.0, joint.change, *(other.change for other in joint.others)):
        assert low < value < high
    down, up = figure.layout.yaxis.range
    (line,) = figure.layout.shapes
    assert all(down < line.y0 < y < line.y1 < up for y in figure.data[0].y)


@pytest.mark.parametrize("end", [-1, 1])
def test_the_chosen_sets_words_stand_on_the_side_that_has_room(joint, end):
    others = tuple(dataclasses.replace(other, change=-5.0 * end) for other in joint.others)
    joint = dataclasses.replace(joint, others=others)
    chosen = dataclasses.replace(joint.joint, logit_diff_change=8.0 * end)
    (note,) = other_sets_strip(dataclasses.replace(joint, joint=chosen), Look()).layout.annotations
    assert note.x == 8.0 * end
    assert note.xanchor == ("right" if end > 0 else "left")


def test_a_large_set_is_named_in_part_and_no_other_set_is_no_dot(joint):
    ten = tuple(Head(0, head) for head in range(10))
    other = dataclasses.replace(joint.others[0], heads=ten)
    (trace,) = other_sets_strip(dataclasses.replace(joint, others=(other,)), Look()).data
    assert trace.text[0].startswith("L0H0, L0H1, ")
    assert "L0H7 …: " in trace.text[0]
    assert "L0H8" not in trace.text[0]
    alone = other_sets_strip(dataclasses.replace(joint, others=()), Look())
    assert len(alone.data[0].x) == 0
    assert len(drawn.shapes_of(alone, "chosen")) == 1


def test_the_strips_axis_names_the_metric(joint):
    assert "logit difference" in other_sets_strip(joint, Look()).layout.xaxis.title.text
    without_foil = dataclasses.replace(joint, metric="logodds_change")
    assert "log odds" in other_sets_strip(without_foil, Look()).layout.xaxis.title.text


def test_every_pair_has_its_interaction_and_a_head_with_itself_none(pairs):
    figure = pair_map(pairs, Look())
    trace = drawn.heatmap_of(figure)
    assert [list(row) for row in trace.z] == rows_of(pairs.values)
    assert trace.zmin == -trace.zmax
    assert trace.zmax == pytest.approx(np.nanmax(np.abs(pairs.values)))
    assert dict(trace.colorscale)[0.5] == Look().paper
    labels = [head.label for head in pairs.heads]
    assert list(figure.layout.xaxis.ticktext) == list(figure.layout.yaxis.ticktext) == labels
    n = len(labels)
    assert drawn.numbers_of(figure) == {
        (a, b): signed(float(pairs.values[a, b]), 2) for a in range(n) for b in range(n) if a != b
    }
    (pair,) = [each for each in pairs.pairs if set(each.heads) == {pairs.heads[0], pairs.heads[2]}]
    assert trace.customdata[0][2] == f"{pair_words(pair)}<br>{pair.relation.value}"
    assert trace.customdata[2][0] == trace.customdata[0][2]
    low, high = figure.layout.yaxis.range
    assert low > high  # in the order of the columns: the empty diagonal falls to the right


def outlined(figure):
    return {
        (round((shape.y0 + shape.y1) / 2), round((shape.x0 + shape.x1) / 2))
        for shape in drawn.shapes_of(figure, "backed up")
    }


def test_exactly_the_pairs_that_back_each_other_up_are_outlined(pairs):
    nan = np.nan
    joint = np.array([[nan, -3.0, 1.0], [-3.0, nan, -0.5], [1.0, -0.5, nan]])
    pairs = dataclasses.replace(pairs, single=np.array([-1.0, -0.5, 2.0]), pair=joint)
    backed = {pair.heads for pair in pairs.pairs if pair.relation is Relation.BACKUP}
    assert backed == {pairs.heads[:2]}  # not the two that have a large negative I by mixed signs
    places = {head: at for at, head in enumerate(pairs.heads)}
    both = {(places[a], places[b]) for a, b in backed} | {(places[b], places[a]) for a, b in backed}
    figure = pair_map(pairs, Look())
    assert outlined(figure) == both
    assert len(figure.layout.shapes) == len(both)


def test_a_pair_under_the_least_is_not_outlined():
    heads = (Head(0, 0), Head(0, 1), Head(1, 1))
    pair = np.array([[np.nan, -0.1, 0.5], [-0.1, np.nan, -0.099], [0.5, -0.099, np.nan]])
    figure = pair_map(Interactions(heads, "logodds_change", np.zeros(3), pair, 0.5, pair), Look())
    assert outlined(figure) == {(0, 1), (1, 0)}


def test_a_search_is_two_curves_of_kept_probability(search):
    figure = search_curve(search, Look())
    traces = figure.data
    for trace, trail in zip(traces, search.trails, strict=True):
        assert trace.name == trail.direction.value
        assert list(trace.x) == [len(step.kept) for step in trail.steps]
        assert list(trace.y) == pytest.approx(
            [100 * step.effect.prob / search.baseline.prob for step in trail.steps]
        )
    added, dropped = (trace.text for trace in traces)
    assert list(added) == ["none", *(f"+{head.label}" for head in search.forward.heads)]
    assert dropped[0] == "all"
    assert dropped[1] == f"−{search.backward.steps[1].changed[0].label}"
    (line,) = drawn.shapes_of(figure, "clean")
    assert line.y0 == line.y1 == 100
    low, high = figure.layout.yaxis.range
    assert low < 0 < 100 < high
    assert figure.layout.xaxis.range[1] > search.n_heads


def test_the_end_of_the_direction_that_found_the_set_is_ringed(search):
    """Of this question only backward finds one."""
    assert search.found
    assert search.best is search.backward
    forward, backward = search_curve(search, Look()).data
    assert set(forward.marker.line.width) == {0}
    assert list(backward.marker.line.width) == [*[0] * (len(backward.x) - 1), 2]
    (said,) = [note for note in search_curve(search, Look()).layout.annotations if note.x != 0]
    assert (said.text, said.x) == (f"found: {len(search.heads)} heads", len(search.heads))
    ended = dataclasses.replace(search.backward, found=False)
    nothing = search_curve(dataclasses.replace(search, backward=ended), Look())
    assert {width for trace in nothing.data for width in trace.marker.line.width} == {0}


def test_many_heads_dropped_are_named_in_part_and_only_the_end_is_in_view(search):
    step = dataclasses.replace(search.backward.steps[1], changed=search.backward.steps[0].kept)
    steps = (search.backward.steps[0], step, *search.backward.steps[2:])
    trail = dataclasses.replace(search.backward, steps=steps)
    large = dataclasses.replace(search, backward=trail, n_heads=144)
    figure = search_curve(large, Look())
    assert figure.data[1].text[1] == "−L0H0 −L0H1 −L0H2 −L0H3 …"
    assert figure.layout.xaxis.range[1] == 24.4


def test_a_curve_above_the_clean_run_is_in_view(search):
    last = search.forward.steps[-1]
    better = dataclasses.replace(last.effect, prob=1.5 * search.baseline.prob)
    steps = (*search.forward.steps[:-1], dataclasses.replace(last, effect=better))
    forward = dataclasses.replace(search.forward, steps=steps)
    figure = search_curve(dataclasses.replace(search, forward=forward), Look())
    assert figure.data[0].y[-1] == pytest.approx(150)
    assert figure.layout.yaxis.range[1] > 150


def test_a_share_of_nothing_is_no_point(search):
    baseline = dataclasses.replace(search.baseline, prob=0.0)
    figure = search_curve(dataclasses.replace(search, baseline=baseline), Look())
    assert set(figure.data[0].y) == set(figure.data[1].y) == {None}
    first = dataclasses.replace(
        search,
        forward=dataclasses.replace(search.forward, steps=search.forward.steps[:1], ended=""),
        backward=dataclasses.replace(search.backward, steps=(), ended="", found=False),
    )
    forward, backward = search_curve(first, Look()).data
    assert list(forward.text) == ["none"]
    assert list(backward.x) == []


def test_a_share_that_was_asked_for_has_a_line_of_its_own(search):
    assert not drawn.shapes_of(search_curve(search, Look()), "asked for")
    figure = search_curve(dataclasses.replace(search, enough=0.8), Look())
    (line,) = drawn.shapes_of(figure, "asked for")
    assert line.y0 == line.y1 == pytest.approx(80)
    assert any(note.text.startswith("asked for: 80") for note in figure.layout.annotations)
