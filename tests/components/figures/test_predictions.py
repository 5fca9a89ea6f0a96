"""Predictions before and after, token by token."""

import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.predictions import before_after
from core.circuits.logit_effects import TokenProbability
from core.text.numbers import signed


def test_a_row_a_token_from_before_to_after(saying):
    figure = before_after(saying.predictions, {" Mary"}, Look())
    before, after = figure.data
    assert (before.name, after.name) == ("before", "after")
    assert list(before.x) == pytest.approx([100 * p.before for p in saying.predictions])
    assert list(after.x) == pytest.approx([100 * p.after for p in saying.predictions])
    assert list(before.y) == list(after.y) == list(range(len(saying.predictions)))
    assert (before.marker.color, after.marker.color) == (Look().quiet, Look().accent)
    for row, (each, line) in enumerate(zip(saying.predictions, figure.layout.shapes, strict=True)):
        assert (line.x0, line.x1) == pytest.approx((100 * each.before, 100 * each.after))
        assert line.y0 == line.y1 == row


def test_each_row_says_its_change(saying):
    figure = before_after(saying.predictions, (), Look())
    said = {note.y: note.text for note in figure.layout.annotations}
    assert said == {
        row: f"{signed(100 * (each.after - each.before), 2)} pp"
        for row, each in enumerate(saying.predictions)
    }
    assert any(text.startswith("−") for text in said.values())


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
def test_no_line_runs_through_a_change(saying, look):
    figure = before_after(saying.predictions, (), look)
    assert {note.bgcolor for note in figure.layout.annotations} == {look.paper}


def test_tokens_are_named_and_those_emphasised_are_bold(saying):
    figure = before_after(saying.predictions, {" Mary", " John"}, Look())
    labels = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    for row, each in enumerate(saying.predictions):
        shown = each.text.replace(" ", "␣")
        bold = each.text in {" Mary", " John"}
        assert labels[row] == (f"<b>{shown}</b>" if bold else shown)
    assert sum(label.startswith("<b>") for label in labels.values()) == 2
    low, high = figure.layout.yaxis.range
    assert low > len(labels) - 1 > 0 > high  # the first row above, all of them in view


def test_token_labels_are_escaped():
    odd = [TokenProbability("<i>x</i>", 0.5, 0.1), TokenProbability(drawn.ODD, 0.1, 0.2)]
    figure = before_after(odd, "y", Look())
    assert "<i>" not in figure.layout.yaxis.ticktext[0]
    figure = before_after(odd, {drawn.ODD}, Look())
    assert figure.layout.yaxis.ticktext[1].startswith("<b>&lt;b&gt;x")


def test_markers_are_in_view_and_leave_room_for_the_changes(saying):
    figure = before_after(saying.predictions, (), Look())
    highest = max(max(trace.x) for trace in figure.data)
    low, high = figure.layout.xaxis.range
    assert low < 0
    assert high > 1.2 * highest
