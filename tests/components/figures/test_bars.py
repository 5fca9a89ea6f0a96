"""A few named values on one axis."""

import pytest
from support import drawn

from components.figures.bars import PALE, Bar, bars
from components.figures.base.look import Look
from core.results.metrics import PROB
from core.spec.ablation import AblationKind

ROWS = [Bar("one", 2.0), Bar("two", -0.5, True), Bar("three", 0.25)]


def test_a_bar_a_row_in_the_order_given():
    figure = bars(ROWS, "nats", Look())
    (trace,) = figure.data
    assert list(trace.x) == [2.0, -0.5, 0.25]
    assert list(trace.y) == list(figure.layout.yaxis.tickvals) == [0, 1, 2]
    assert list(figure.layout.yaxis.ticktext) == ["one", "<b>two</b>", "three"]
    low, high = figure.layout.yaxis.range
    assert low > 2 > 0 > high  # the first row above, all of them in view
    assert figure.layout.xaxis.title.text == "nats"


def test_every_bar_has_its_number():
    assert list(bars(ROWS, "", Look()).data[0].text) == ["+2.00", "−0.50", "+0.25"]
    plain = bars(ROWS, "", Look(), digits=1, unit="logits").data[0]
    assert list(plain.text) == ["+2.0 logits", "−0.5 logits", "+0.2 logits"]
    assert list(plain.customdata) == ["one", "two", "three"]
    assert plain.hovertemplate.startswith("%{customdata}: %{text}")


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
def test_red_takes_away_and_blue_adds(look):
    (trace,) = bars(ROWS, "", look).data
    assert list(trace.marker.color) == [look.adds, look.takes, look.adds]


def test_the_chosen_kind_alone_is_bold_and_full(result):
    rows = [
        Bar(kind.label, PROB.value(result.heads[0]), kind is AblationKind.ZERO)
        for kind in AblationKind
    ]
    figure = bars(rows, PROB.title, Look(), digits=PROB.digits, unit=PROB.unit)
    trace = figure.data[0]
    full = dict(zip(figure.layout.yaxis.ticktext, trace.marker.opacity, strict=True))
    assert full["<b>zero</b>"] == 1
    assert full["mean across heads"] == PALE
    assert list(full.values()).count(1) == sum("<b>" in label for label in full) == 1
    alone = bars([Bar("one", 1.0), Bar("two", 2.0)], "", Look()).data[0]
    assert set(alone.marker.opacity) == {1}
    assert set(trace.text) == {PROB.quantity(PROB.value(result.heads[0]))}


@pytest.mark.parametrize("values", [[3.0, 1.0], [-3.0, -1.0], [-1.0, 4.0], [0.0, 0.0], []])
def test_the_axis_has_0_every_bar_and_room_for_its_number(values):
    figure = bars([Bar("x", value) for value in values], "", Look())
    low, high = figure.layout.xaxis.range
    span = (max([0, *values]) - min([0, *values])) or 1
    assert low < 0 < high
    for value in values:
        if value:  # the number is outside, at the bar's end
            end = value + (0.25 if value > 0 else -0.25) * span
            assert low < end < high


def test_a_label_is_shown_as_it_is():
    """Labels may hold the page's own markup: whoever makes them escapes what is typed."""
    figure = bars([Bar("<b>all</b>", 1.0)], "", Look())
    assert "<b>all</b>" in drawn.strings_of(figure)
