"""Layer by head, several panels on one colour scale."""

import re
from itertools import pairwise

import numpy as np
import pytest
from support import drawn

from components.figures.base.cells import NUMBERS, rows_of
from components.figures.base.grids import MARKED, NUMBERED, Panel, grids
from components.figures.base.look import Look, ink_on
from core.spec.heads import Head

NAN = float("nan")
HOLED = np.array([[0.5, NAN, -2.0], [NAN, 0.1, 1.0]])


@pytest.fixture
def panels(fed):
    """Three panels, values from layer 2 on missing."""
    ways = {"through Q": fed.by_query, "through K": fed.by_key, "through V": fed.by_value}
    return [Panel(title, values) for title, values in ways.items()]


def test_cells_are_the_values_layers_down_heads_across(panels):
    figure = grids(panels, "attention", Look())
    for index, panel in enumerate(panels):
        trace = drawn.heatmap_of(figure, index)
        assert [list(row) for row in trace.z] == rows_of(panel.values)
        assert trace.xaxis == drawn.targets_of(figure, index).xaxis
    low, high = figure.layout.yaxis.range
    assert low > high  # layer 0 is above


def test_panels_share_one_scale_and_stand_side_by_side(panels):
    figure = grids(panels, "attention", Look())
    scales = {drawn.heatmap_of(figure, index).coloraxis for index in range(3)}
    assert scales == {"coloraxis"}
    end = max(float(np.nanmax(np.abs(panel.values))) for panel in panels)
    shared = figure.layout.coloraxis
    assert (shared.cmin, shared.cmax) == pytest.approx((-end, end))
    assert dict(shared.colorscale)[0.5] == Look().paper
    domains = [figure.layout[f"xaxis{n}"].domain for n in ("", 2, 3)]
    assert domains[0][0] == 0
    assert domains[2][1] == pytest.approx(1)
    assert all(left[1] < right[0] for left, right in pairwise(domains))
    titles = {a.text: a.x for a in figure.layout.annotations}
    assert titles == {p.title: d[0] for p, d in zip(panels, domains, strict=True)}


def test_where_positive_values_are_losses_they_are_red(panels):
    colours = [
        grids(panels, "share", Look(), positive_takes=takes).layout.coloraxis.colorscale
        for takes in (False, True)
    ]
    usual, turned = (dict(scale) for scale in colours)
    assert usual[1] == turned[0] == Look().diverging[-1][1]  # the deepest blue
    assert usual[0] == turned[1] == Look().diverging[0][1]
    assert turned[0.5] == Look().paper
    few = np.array([[0.9, -0.9]])
    written = drawn.numbers_of(grids([Panel("", few)], "", Look(), positive_takes=True))
    assert list(written.values()) == ["+0.90", "−0.90"]


def test_a_scale_without_a_sign_runs_from_0_to_its_limit(roles):
    panel = Panel("", roles.values("induction"))
    figure = grids([panel], "score", Look(), signed=False, limit=1.0)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    assert figure.layout.coloraxis.colorscale[0][1] == Look().paper
    written = drawn.numbers_of(figure)
    best = np.unravel_index(panel.values.argmax(), panel.values.shape)
    assert written[tuple(map(int, best))] == f"{panel.values.max():.2f}"


def test_a_click_gives_the_head_and_cells_without_a_value_take_none(panels):
    figure = grids(panels, "attention", Look())
    for index, panel in enumerate(panels):
        trace = drawn.targets_of(figure, index)
        there = [tuple(map(int, cell)) for cell in np.argwhere(np.isfinite(panel.values))]
        assert 0 < len(there) < panel.values.size
        assert [tuple(cell) for cell in trace.customdata] == there
        assert [*zip(trace.y, trace.x, strict=True)] == there  # each at its own cell
        for layer, head in there:
            said = drawn.told_by(figure, index)[layer, head]
            assert said.startswith(f"{panel.title}: <b>L{layer}H{head}</b> ")
            assert said.endswith(" attention")


def test_cells_without_a_value_are_blank_and_without_hairlines():
    figure = grids([Panel("", HOLED)], "nats", Look())
    for trace in (t for t in figure.data if t.type == "heatmap"):
        blank = [[v is None for v in row] for row in trace.z]
        assert blank == np.isnan(HOLED).tolist()
    assert drawn.told_by(figure)[0, 2] == "<b>L0H2</b> −2.00 nats"


def test_selected_heads_are_outlined_in_every_panel(panels):
    chosen = [Head(0, 3), Head(1, 2)]
    figure = grids(panels, "attention", Look(), selected=chosen)
    outlines = drawn.shapes_of(figure, "selected")
    assert len(outlines) == len(chosen) * len(panels)
    assert {shape.xref for shape in outlines} == {"x", "x2", "x3"}
    for shape in outlines:
        (head,) = [h for h in chosen if shape.name == f"selected {h.label}"]
        assert shape.x0 < head.head < shape.x1
        assert shape.y0 < head.layer < shape.y1
        assert shape.yref == shape.xref.replace("x", "y")


@pytest.mark.parametrize("end", [10.0**power for power in range(-7, 4)])
@pytest.mark.parametrize("signed", [True, False])
def test_digits_follow_the_scale_so_that_no_number_reads_as_0(end, signed):
    values = end * np.array([[1.0, 0.62, 0.31], [0.17, 0.1001, 0.04]])
    figure = grids([Panel("", values)], "logits", Look(), signed=signed)
    written = drawn.numbers_of(figure)
    for said in written.values():
        assert re.search("[1-9]", said), said
    if end >= 1e-3:
        strong = {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)}
        assert strong <= set(written) <= {*strong, (1, 2)}
        digits = len(written[0, 0].partition(".")[2])
        assert ((1, 2) in written) == (0.04 * end >= 0.5 * 10.0**-digits)
        for (layer, head), said in written.items():  # and says the value to a tenth of the end
            assert float(said.replace("−", "-")) == pytest.approx(
                values[layer, head], abs=0.051 * end
            )


@pytest.mark.parametrize("value", [0.00049, 0.004, 0.05, 0.97, 9.7])
def test_no_written_number_reads_as_0_with_digits_chosen_either(value):
    written = drawn.numbers_of(
        grids([Panel("", np.array([[value, -value]]))], "", Look(), digits=2)
    )
    assert set(written.values()) == (
        {f"+{value:.2f}", f"−{value:.2f}"} if value >= 0.005 else set()
    )


def test_only_the_strongest_of_few_cells_carry_numbers_in_their_cells_ink():
    few = np.linspace(-1, 1, NUMBERED).reshape(6, -1)
    figure = grids([Panel("", few)], "logits", Look())
    strongest = np.sort(np.abs(few), axis=None)[-MARKED:]
    written = drawn.numbers_of(figure)
    assert sorted(abs(few[cell]) for cell in written) == pytest.approx(strongest)
    (trace,) = [t for t in figure.data if t.name == NUMBERS]
    inks = [ink_on(Look().diverging, (few[cell] + 1) / 2) for cell in written]
    assert list(trace.textfont.color) == inks
    many = np.linspace(-1, 1, NUMBERED + 2).reshape(2, -1)
    assert drawn.numbers_of(grids([Panel("", many)], "logits", Look())) == {}


def test_a_scale_without_a_sign_may_begin_above_0():
    values = np.array([[0.02, 0.1, 0.5]])
    figure = grids([Panel("", values)], "score", Look(), signed=False, begin=0.1)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0.1, 0.5)
    (trace,) = [t for t in figure.data if t.name == NUMBERS]
    scale = Look().sequential
    assert list(trace.textfont.color) == [ink_on(scale, share) for share in (0.0, 0.0, 1.0)]
    beyond = grids([Panel("", values)], "score", Look(), signed=False, begin=0.9)
    assert beyond.layout.coloraxis.cmin < beyond.layout.coloraxis.cmax
