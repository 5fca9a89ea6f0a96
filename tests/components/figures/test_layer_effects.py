"""The bars beside the heatmap's rows: whole layers, in the cells' unit."""

import dataclasses

import pytest
from support import drawn

from components.figures.base.look import Look
from components.figures.head_heatmap import head_heatmap
from components.figures.layer_effects import BESIDE, CELLS
from core.results.metrics import KL, METRICS, PROB


def bars_of(figure):
    return {t.name: t for t in figure.data if t.type == "bar" and t.name is not None}


@pytest.fixture
def both(result, layer_effects):
    """Margins of a kind of ablation that MLPs have too."""
    return dataclasses.replace(layer_effects, mlp=tuple(result.heads[: result.shape[0]]))


@pytest.mark.parametrize("metric", [m for m in METRICS if m.field != "logit_diff_change"])
def test_layer_effects_are_bars_on_the_rows_of_the_cells(result, both, metric):
    bars = bars_of(head_heatmap(result, metric, Look(), layer_effects=both))
    for name, effects in (("attention", both.attention), ("MLP", both.mlp)):
        assert list(bars[name].x) == pytest.approx([metric.value(e) for e in effects])
        assert [round(y) for y in bars[name].y] == list(range(result.shape[0]))
        assert bars[name].customdata is None  # a click on them selects no head
    assert all(a < m for a, m in zip(bars["attention"].y, bars["MLP"].y, strict=True))


def test_an_mlp_that_cannot_be_ablated_has_no_bar(result, layer_effects):
    figure = head_heatmap(result, PROB, Look(), layer_effects=layer_effects)
    assert len(bars_of(figure)["MLP"].x) == 0
    assert list(bars_of(figure)["attention"].y) == list(range(result.shape[0]))


def test_no_cell_moves_when_the_layer_effects_arrive(result, layer_effects):
    without = head_heatmap(result, PROB, Look(), beside="measured after the heads")
    with_them = head_heatmap(result, PROB, Look(), layer_effects=layer_effects)
    for part in ("height", "margin", "xaxis", "yaxis"):
        assert without.layout[part] == with_them.layout[part]
    assert without.layout.annotations[0].text == "measured after the heads"
    assert with_them.layout.annotations == ()
    assert CELLS[1] < BESIDE[0]
    assert tuple(with_them.layout.xaxis.domain) == CELLS
    assert tuple(with_them.layout.xaxis2.domain) == BESIDE


@pytest.mark.parametrize("metric", [PROB, KL])
def test_every_bar_is_in_view(result, both, metric):
    figure = head_heatmap(result, metric, Look(), layer_effects=both)
    low, high = figure.layout.xaxis2.range
    for trace in bars_of(figure).values():
        assert all(low < x < high for x in trace.x)
    assert low < 0 < high


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
def test_attention_is_filled_the_mlp_an_outline_and_colour_says_the_sign(result, both, look):
    up = dataclasses.replace(both.attention[0], prob_change=0.2)
    down = dataclasses.replace(both.attention[0], prob_change=-0.2)
    layer_effects = dataclasses.replace(both, attention=(up, down, down), mlp=(down, up, up))
    bars = bars_of(head_heatmap(result, PROB, look, layer_effects=layer_effects))
    filled, outlined = bars["attention"].marker, bars["MLP"].marker
    assert list(filled.color) == [look.adds, look.takes, look.takes]
    assert filled.line.width == 0
    assert outlined.color == look.paper
    assert list(outlined.line.color) == [look.takes, look.adds, look.adds]
    assert outlined.line.width > 0


def test_a_bar_says_layer_part_and_effect(result, both):
    figure = head_heatmap(result, PROB, Look(), layer_effects=both)
    told = [t.text for t in figure.data if t.xaxis == "x2" and t.type == "scatter" and t.text]
    attention, mlp = told
    assert attention[1].startswith("<b>Layer 1 attention</b>, all 4 heads at once<br>")
    assert PROB.quantity(PROB.value(both.attention[1])) in attention[1]
    assert mlp[2].startswith("<b>Layer 2 MLP</b><br>")
    assert not any("customdata" in trace for trace in drawn.page_of(figure)["data"][3:])
