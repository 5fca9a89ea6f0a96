"""The blank grid: heads to choose from, before anything is measured."""

import inspect
import re

import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.pick_grid import pick_grid
from core.spec.heads import Head, all_heads

SHAPE = (3, 4)
CHOSEN = {Head(0, 1), Head(2, 3)}


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
def test_chosen_cells_are_filled(look):
    trace = pick_grid(SHAPE, CHOSEN, look).data[0]
    filled = {
        Head(layer, head) for layer, row in enumerate(trace.z) for head, v in enumerate(row) if v
    }
    assert filled == CHOSEN
    colours = dict(trace.colorscale)
    assert (colours[trace.zmin], colours[trace.zmax]) == (look.paper, look.accent)


def test_a_click_gives_a_head_chosen_or_not():
    figure = pick_grid(SHAPE, CHOSEN, Look())
    told = drawn.told_by(figure)
    assert list(told) == all_heads(*SHAPE)
    trace = drawn.targets_of(figure)
    assert [*zip(trace.y, trace.x, strict=True)] == all_heads(*SHAPE)
    assert {head for head, said in told.items() if "in the hypothesis" in said} == CHOSEN
    assert told[0, 0] == "L0H0: click to add"
    low, high = figure.layout.yaxis.range
    assert low > 2 > 0 > high  # layers down, all of them in view


def test_it_shows_no_effects():
    """It is given no result, and cells differ in nothing but whether they are chosen."""
    assert set(inspect.signature(pick_grid).parameters) == {"shape", "chosen", "look"}
    figure = drawn.page_of(pick_grid(SHAPE, CHOSEN, Look()))
    cells, points = figure["data"]
    assert {v for row in cells["z"] for v in row} == {0, 1}
    alike = {re.sub(r"^L\d+H\d+: ", "", said) for said in points["text"]}
    assert alike == {"in the hypothesis", "click to add"}
    assert "text" not in cells
    assert "annotations" not in figure["layout"]
    assert "shapes" not in figure["layout"]
    blank = drawn.page_of(pick_grid(SHAPE, (), Look()))
    cells["z"], points["text"] = blank["data"][0]["z"], blank["data"][1]["text"]
    assert figure == blank  # nothing else depends on what is chosen


@pytest.mark.parametrize("shape", [(1, 1), (24, 16), (48, 64)])
def test_a_model_of_any_size_has_all_its_heads(shape):
    figure = pick_grid(shape, {Head(shape[0] - 1, shape[1] - 1)}, Look())
    assert len(drawn.told_by(figure)) == shape[0] * shape[1]
    assert sum(map(sum, figure.data[0].z)) == figure.data[0].z[-1][-1] == 1
    assert len(figure.layout.xaxis.tickvals) <= 26
