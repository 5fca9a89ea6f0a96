"""What figures made of cells share."""

import numpy as np
import plotly.graph_objects as go
import pytest
from support import drawn

from components.figures.base.cells import (
    NUMBERS,
    numbers,
    outline,
    rows_of,
    scale_of,
    shares_of,
    targets,
)
from components.figures.base.look import Look, ink_on

NAN, INF = float("nan"), float("inf")


def test_rows_have_no_number_where_there_is_none():
    rows = rows_of(np.array([[1.5, NAN, -2.0], [INF, 0.0, -INF]]))
    assert rows == [[1.5, None, -2.0], [None, 0.0, None]]
    assert all(type(v) is float for row in rows for v in row if v is not None)


def test_a_scale_ends_at_the_largest_number_and_always_somewhere():
    assert scale_of(np.array([1.0, -3.0, NAN, INF])) == 3
    assert scale_of(np.array([NAN])) == 1
    assert scale_of(np.zeros((0, 4))) == 1
    assert scale_of(np.zeros(3)) == 1


def test_shares_say_where_on_its_scale_a_value_is():
    values = np.array([-2.0, 0.0, 1.0, 2.0, NAN])
    assert shares_of(values, 2.0).tolist() == [0, 0.5, 0.75, 1, 0.5]
    assert shares_of(values[1:], 2.0, signed=False).tolist() == [0, 0.5, 1, 0]


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
@pytest.mark.parametrize("kind", ["diverging", "sequential"])
def test_numbers_stand_only_where_there_is_a_text_each_in_the_ink_of_its_cell(look, kind):
    scale = getattr(look, kind)
    texts = [["a", "", "b"], ["", "", "c"]]
    shares = np.array([[0.0, 0.5, 0.6], [0.2, 0.3, 1.0]])
    trace = numbers(texts, shares, scale, 11, xaxis="x2", yaxis="y2")
    assert drawn.numbers_of(go.Figure(trace), 1) == {(0, 0): "a", (0, 2): "b", (1, 2): "c"}
    inks = [ink_on(scale, share) for share in (0.0, 0.6, 1.0)]
    assert list(trace.textfont.color) == inks
    assert len(set(inks)) == 2  # or the order of the colours would not be seen
    assert trace.textfont.size == 11
    assert (trace.mode, trace.name, trace.yaxis) == ("text", NUMBERS, "y2")
    assert trace.hoverinfo == "skip"  # or it would take hovers and clicks from the cells


def test_no_text_is_no_number():
    assert (
        drawn.numbers_of(go.Figure(numbers([[""]], np.array([[0.5]]), Look().diverging, 9))) == {}
    )


def test_a_click_target_a_cell_that_is_never_seen():
    trace = targets([0, 1], [5, 6], [(5, 0), (6, 1)], ["one", "two"], xaxis="x2")
    assert [*zip(trace.x, trace.y, strict=True)] == [(0, 5), (1, 6)]
    assert drawn.told_by(go.Figure(trace), 1) == {(5, 0): "one", (6, 1): "two"}
    states = (trace.marker, trace.selected.marker, trace.unselected.marker)
    assert [state.opacity for state in states] == [0, 0, 0]
    assert trace.hovertemplate == "%{text}<extra></extra>"


def test_an_outline_surrounds_its_cell_and_touches_no_other():
    shape = outline(3, 1, Look(), "chosen", xref="x2")
    assert 2.5 < shape["x0"] < 3 < shape["x1"] < 3.5
    assert 0.5 < shape["y0"] < 1 < shape["y1"] < 1.5
    assert (shape["name"], shape["xref"]) == ("chosen", "x2")
