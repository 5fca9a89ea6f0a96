"""Role scores: one head's in every role, before and after an ablation."""

import dataclasses

import numpy as np
import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.head_scores import LISTED, score_bars, score_change
from core.circuits.head_scores import ROLES, THRESHOLD, HeadScores
from core.circuits.spread_words import MOVED
from core.spec.heads import Head, all_heads
from core.text.numbers import ordinal

NAN = float("nan")
INDUCTION = Head(1, 2)


def notes_of(figure, **where):
    return {
        note.y: note.text
        for note in figure.layout.annotations
        if all(note[key] == value for key, value in where.items())
    }


def test_a_bar_a_role_with_its_standard_error(roles):
    trace = score_bars(roles, INDUCTION, Look()).data[0]
    assert list(trace.y) == list(ROLES)
    assert list(trace.x) == pytest.approx([roles.values(role)[INDUCTION] for role in ROLES])
    errors = [roles.errors(role)[INDUCTION] for role in ROLES]
    assert max(errors) > 0
    assert list(trace.error_x.array) == pytest.approx(errors)


def test_scores_from_the_threshold_on_are_in_the_accent_colour(roles):
    trace = score_bars(roles, INDUCTION, Look()).data[0]
    colours = dict(zip(trace.y, trace.marker.color, strict=True))
    assert [role for role, colour in colours.items() if colour == Look().accent] == ["induction"]


def test_the_threshold_is_a_line_across_the_roles_and_said_to_be_a_convention(roles):
    figure = score_bars(roles, INDUCTION, Look())
    (line,) = drawn.shapes_of(figure, "threshold")
    assert line.x0 == line.x1 == THRESHOLD
    assert line.xref == "x"  # not on the copying score's axis
    assert line.y0 == figure.layout.yaxis.domain[0]
    assert line.y1 == figure.layout.yaxis.domain[1] == 1
    assert "0.4: a convention" in notes_of(figure).values()


def placed(values, head):
    """Of 12 heads the rank: a percentage of 11 others would claim too much."""
    assert values.size == 12
    return f"{ordinal(1 + int((values > values[head]).sum()))} of 12"


def test_each_score_says_its_place_beyond_its_error_bar(roles):
    figure = score_bars(roles, INDUCTION, Look())
    for role in ROLES:
        (note,) = [note for note in figure.layout.annotations if note.y == role]
        score, error = roles.values(role)[INDUCTION], roles.errors(role)[INDUCTION]
        assert note.text == f"{score:.2f} · {placed(roles.values(role), INDUCTION)}"
        assert note.x == pytest.approx(score + error)
        assert note.text in figure.data[0].text  # in the hover too
    assert notes_of(figure)["induction"].endswith(" · 1st of 12")


def test_among_many_heads_the_place_is_a_percentage():
    mean = np.arange(len(ROLES) * 21.0).reshape(len(ROLES), 3, 7) / 200
    many = HeadScores(mean, np.zeros_like(mean), 8, 2, 0, False)
    assert "above 100\u00a0%" in notes_of(score_bars(many, Head(2, 6), Look()))["induction"]
    assert "above 35\u00a0% of others" in score_bars(many, Head(1, 0), Look()).data[0].text[0]


def test_copying_has_an_axis_of_its_own_from_minus_1(roles):
    head = Head(2, 1)
    figure = score_bars(roles, head, Look())
    trace = figure.data[1]
    assert (trace.xaxis, trace.yaxis) == ("x2", "y2")
    assert list(trace.x) == pytest.approx([roles.copying[head]])
    assert trace.x[0] < 0
    assert figure.layout.xaxis2.range[0] == -1
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]
    (note,) = [note for note in figure.layout.annotations if note.xref == "x2"]
    assert note.text == f"−{-roles.copying[head]:.2f} · {placed(roles.copying, head)}"
    assert note.x == 0  # beside the axis, not over the bar


def test_without_copying_the_roles_have_the_whole_figure(roles):
    figure = score_bars(dataclasses.replace(roles, copying=None), INDUCTION, Look())
    assert len(figure.data) == 1
    assert list(figure.layout.yaxis.domain) == [0, 1]
    (line,) = drawn.shapes_of(figure, "threshold")
    assert line.y0 == 0


def test_a_single_sequence_and_an_only_head_have_no_error_and_no_percentile():
    mean = np.full((len(ROLES), 1, 1), 0.25)
    only = HeadScores(mean, np.full_like(mean, NAN), 8, 1, 0, False, np.array([[0.5]]))
    figure = score_bars(only, Head(0, 0), Look())
    assert list(figure.data[0].error_x.array) == [0] * len(ROLES)
    assert set(figure.data[0].text) == {"0.25"}
    assert set(figure.data[1].text) == {"+0.50"}


def test_scores_before_and_after_are_lines_of_the_heads_that_moved(roles, without):
    before, after = roles.values("induction"), without.values("induction")
    figure = score_change(before, after, "induction", Look())
    moved = [h for h in all_heads(*before.shape) if abs(after[h] - before[h]) >= MOVED]
    assert 0 < len(moved) < before.size
    heads = sorted(moved, key=lambda h: -max(before[h], after[h]))
    assert list(figure.layout.yaxis.ticktext) == [head.label for head in heads]
    assert [trace.name for trace in figure.data] == ["before", "after"]
    for trace, values in zip(figure.data, (before, after), strict=True):
        assert list(trace.x) == pytest.approx([values[head] for head in heads])
    lines = [shape for shape in figure.layout.shapes if shape.name != "threshold"]
    assert len(lines) == len(heads)
    for row, (line, head) in enumerate(zip(lines, heads, strict=True)):
        assert (line.x0, line.x1, line.y0) == pytest.approx((before[head], after[head], row))
    assert max(abs(line.x1 - line.x0) for line in lines) > 0.3  # the ablation did something
    assert len(drawn.shapes_of(figure, "threshold")) == 1


def test_only_so_many_heads_are_listed_whatever_fell_or_rose():
    before, after = np.zeros((2, 12)), np.full((2, 12), MOVED)
    before[0, 3], after[1, 7] = 0.8, 0.9
    figure = score_change(before, after, "induction", Look())
    named = figure.layout.yaxis.ticktext
    assert len(named) == LISTED
    assert list(named[:2]) == ["L1H7", "L0H3"]
    after[:] = before
    assert len(score_change(before, after, "induction", Look()).layout.yaxis.ticktext) == 0
