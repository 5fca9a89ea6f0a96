"""Heads by positions, and what a click on a cell gives."""

import re

import numpy as np
import pytest
from support import drawn

from components.figures.base.cells import NUMBERS, rows_of
from components.figures.base.look import Look
from components.figures.position_map import CELLS, LABELLED, NUMBERED, NUMBERED_ROWS, position_map
from core.circuits.by_position import iter_position_effects
from core.results.metrics import LOGPROB
from core.spec.heads import Head

HEADS = (Head(0, 1), Head(2, 3))
HOLED = np.array([[np.nan, 1.5, -3.0], [0.5, np.nan, np.nan]])


def mapped(values=HOLED, heads=HEADS, positions=(2, 4, 5), look=None, **options):
    tokens = options.pop("tokens", [f"t{i}" for i in positions])
    return position_map(values, heads, positions, tokens, "pp", look or Look(), **options)


def test_rows_are_heads_and_columns_positions(places, tokens):
    values = places.values("logprob_change")
    figure = position_map(values, places.heads, places.positions, tokens, "nats", Look())
    trace = drawn.heatmap_of(figure)
    assert np.isfinite(values).all()
    assert [list(row) for row in trace.z] == rows_of(values)
    end = float(np.abs(values).max())
    assert (trace.zmin, trace.zmax) == pytest.approx((-end, end))
    assert list(figure.layout.yaxis.ticktext) == [head.label for head in places.heads]
    names = figure.layout.xaxis.ticktext
    assert [int(name.split()[0]) for name in names] == list(places.positions)
    assert [name.split()[1] for name in names[1:]] == [t.replace(" ", "␣") for t in tokens[1:]]
    assert names[0].startswith("0 &lt;|endof")  # BOS


def test_a_click_gives_the_head_and_the_position(places, tokens):
    values = places.values(LOGPROB.field)
    figure = position_map(values, places.heads, places.positions, tokens, "nats", Look(), digits=2)
    told = drawn.told_by(figure)
    assert set(told) == {
        (*head, position) for head in places.heads for position in places.positions
    }
    for row, head in enumerate(places.heads):
        position = places.positions[3]
        said = f"<b>{head.label}</b> at {figure.layout.xaxis.ticktext[3]}: "
        assert told[*head, position] == said + LOGPROB.quantity(float(values[row, 3]))
    trace = drawn.targets_of(figure)
    for (layer, head, position), x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
        assert (places.heads[y], places.positions[x]) == (Head(layer, head), position)


def test_cells_that_are_not_finished_are_blank_and_cannot_be_clicked():
    figure = mapped()
    blank = [[v is None for v in row] for row in drawn.heatmap_of(figure).z]
    assert blank == np.isnan(HOLED).tolist()
    assert list(drawn.told_by(figure)) == [(0, 1, 4), (0, 1, 5), (2, 3, 2)]
    assert set(drawn.numbers_of(figure)) == {(0, 1), (0, 2), (1, 0)}


def test_before_anything_is_finished_nothing_is_drawn(scorer, tokens):
    _, empty = next(iter_position_effects(scorer, HEADS))
    values = empty.values("prob_change")
    figure = position_map(values, empty.heads, empty.positions, tokens, "pp", Look())
    assert drawn.told_by(figure) == {}
    assert drawn.numbers_of(figure) == {}
    assert {v for row in drawn.heatmap_of(figure).z for v in row} == {None}


def test_the_selected_heads_row_is_outlined():
    (shape,) = drawn.shapes_of(mapped(selected=Head(2, 3)), "selected")
    assert (shape.y0, shape.y1) == (0.5, 1.5)
    assert (shape.x0, shape.x1) == (-0.5, 2.5)
    assert mapped(selected=Head(1, 1)).layout.shapes == ()
    assert mapped(HOLED[:1], HEADS[:1], selected=HEADS[0]).layout.shapes == ()  # the only row


def test_a_limit_is_the_scales_end():
    trace = drawn.heatmap_of(mapped(limit=7.0))
    assert (trace.zmin, trace.zmax) == (-7, 7)
    assert drawn.numbers_of(mapped(limit=7.0)) == {(0, 1): "+1.5", (0, 2): "−3.0"}


@pytest.mark.parametrize("end", [0.001, 0.04, 0.3, 2.0, 60.0])
def test_no_written_number_reads_as_0(end):
    values = end * np.array([[1.0, -0.6, 0.3, -0.15, 0.05]])
    written = drawn.numbers_of(mapped(values, HEADS[:1], range(5)))
    assert all(re.search("[1-9]", said) for said in written.values())
    assert ((0, 0) in written) == (end > 0.05)
    assert (0, 4) not in written


@pytest.mark.parametrize(("rows", "columns"), [(NUMBERED_ROWS + 1, 4), (2, NUMBERED + 1)])
def test_a_large_map_has_no_numbers(rows, columns):
    heads = [Head(0, head) for head in range(rows)]
    figure = mapped(np.ones((rows, columns)), heads, range(columns))
    assert NUMBERS not in [trace.name for trace in figure.data]
    n_rows = NUMBERED_ROWS
    smaller = mapped(np.ones((n_rows, NUMBERED)), heads[:1] * n_rows, range(NUMBERED))
    assert len(drawn.numbers_of(smaller)) == n_rows * NUMBERED


@pytest.mark.parametrize("columns", [LABELLED, LABELLED + 1, 300])
def test_positions_are_named_while_there_is_room(columns):
    figure = mapped(np.ones((2, columns)), HEADS, range(columns))
    named = figure.layout.xaxis.ticktext
    assert (len(named) == columns) == (columns <= LABELLED)
    assert 10 < len(named) <= LABELLED
    for at, name in zip(figure.layout.xaxis.tickvals, named, strict=True):
        assert name == f"{at} t{at}"


@pytest.mark.slow
def test_a_map_too_large_to_draw_shows_the_largest_change_of_several_positions():
    n_rows, n_columns = 144, 1024
    values = np.random.default_rng(0).normal(size=(n_rows, n_columns))
    values[3, :700], values[5] = np.nan, np.nan
    heads = [Head(row // 12, row % 12) for row in range(n_rows)]
    figure = mapped(values, heads, range(10, 10 + n_columns), selected=heads[7])
    z = [list(row) for row in drawn.heatmap_of(figure).z]
    size = -(-values.size // CELLS)
    assert len(z) == n_rows
    assert len(z[0]) == -(-n_columns // size)
    assert n_rows * len(z[0]) <= CELLS + n_rows
    told = {tuple(each) for each in drawn.targets_of(figure).customdata}
    for row in (0, 3, 5, 143):
        for column, drawn_value in enumerate(z[row]):
            block = values[row, column * size : (column + 1) * size]
            known = block[np.isfinite(block)]
            if len(known) == 0:
                assert drawn_value is None
                continue
            largest = known[np.abs(known).argmax()]
            assert drawn_value == largest
            at = int(np.flatnonzero(values[row] == largest)[0])
            assert (*heads[row], 10 + at) in told
    for name in figure.layout.xaxis.ticktext:
        first, last = map(int, name.split("–"))
        assert (first - 10) % size == 0
        assert last == min(first + size, 10 + n_columns) - 1
    assert len(figure.to_json()) < 4_000_000
