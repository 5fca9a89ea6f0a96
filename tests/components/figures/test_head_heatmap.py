"""The heatmap of a sweep: what is drawn is what was measured, and an estimate says that it is."""

import dataclasses
import json

import numpy as np
import pytest
from support import drawn

from components.figures.base.cells import NUMBERS, shares_of
from components.figures.base.look import Look, ink_on
from components.figures.cell_contents import color_limit
from components.figures.head_heatmap import MARKED, head_heatmap
from core.results.metrics import KL, LOGPROB, PROB
from core.spec.heads import all_heads
from core.text.numbers import share


def partial(result, n):
    return dataclasses.replace(result, heads=result.heads[:n], _index={})


def test_cells_are_the_results_values_layers_down_heads_across(result):
    figure = head_heatmap(result, PROB, Look())
    trace = drawn.heatmap_of(figure)
    for effect in result.heads:
        assert trace.z[effect.layer][effect.head] == pytest.approx(100 * effect.prob_change)
    low, high = figure.layout.yaxis.range
    assert low > high  # layer 0 is above


@pytest.mark.parametrize("metric", [PROB, LOGPROB])
def test_signed_metrics_are_symmetric_with_the_papers_colour_at_zero(result, metric):
    for look in (Look(), Look(dark=True)):
        trace = drawn.heatmap_of(head_heatmap(result, metric, look))
        assert trace.zmin == -trace.zmax
        assert dict(trace.colorscale)[0.5] == look.paper


def test_kl_starts_at_zero_on_a_scale_of_its_own(result):
    trace = drawn.heatmap_of(head_heatmap(result, KL, Look()))
    assert trace.zmin == 0
    assert trace.colorscale[0][1] == Look().paper


def test_a_scale_ends_at_the_largest_value_but_never_at_noise(result):
    largest = 100 * max(abs(effect.prob_change) for effect in result.heads)
    assert color_limit(PROB.values(result), PROB) == pytest.approx(largest)
    assert color_limit(np.array([0.01, np.nan]), PROB) == PROB.notable
    assert drawn.heatmap_of(head_heatmap(partial(result, 0), PROB, Look())).zmax == PROB.notable


def test_each_of_few_cells_has_its_number(result):
    written = drawn.numbers_of(head_heatmap(result, PROB, Look()))
    assert written == {e.address: PROB.text(100 * e.prob_change, 0) for e in result.heads}


def test_the_strongest_cell_is_marked_and_weak_ones_are_not(result, monkeypatch):
    monkeypatch.setattr("components.figures.head_heatmap.ALL_NUMBERED", 0)
    written = drawn.numbers_of(head_heatmap(result, PROB, Look()))
    strongest = result.ranked()[0]
    weakest = result.ranked()[-1]
    assert written[strongest.address] == PROB.text(100 * strongest.prob_change, 0)
    assert weakest.address not in written
    notable = [e.address for e in result.ranked() if abs(100 * e.prob_change) >= PROB.notable]
    assert set(written) == set(notable[:MARKED])
    fainter = tuple(dataclasses.replace(e, prob_change=e.prob_change / 20) for e in result.ranked())
    faint = dataclasses.replace(result, heads=fainter, _index={})
    notable = [e.address for e in fainter if abs(100 * e.prob_change) >= PROB.notable]
    assert 0 < len(notable) < MARKED
    assert set(drawn.numbers_of(head_heatmap(faint, PROB, Look()))) == set(notable)


@pytest.mark.parametrize("metric", [PROB, KL])
def test_every_number_has_the_ink_of_its_cell(result, metric):
    look = Look()
    figure = head_heatmap(result, metric, look)
    (trace,) = [t for t in figure.data if t.name == NUMBERS]
    values = metric.values(result)
    at = shares_of(values, drawn.heatmap_of(figure).zmax, signed=metric.signed)
    scale = look.diverging if metric.signed else look.sequential
    inks = [ink_on(scale, at[cell]) for cell in drawn.numbers_of(figure)]
    assert list(trace.textfont.color) == inks
    assert len(set(inks)) == 2


def test_unfinished_heads_are_blank_and_cannot_be_clicked(result):
    figure = head_heatmap(partial(result, 3), PROB, Look())
    cells = [v for row in drawn.heatmap_of(figure).z for v in row if v is not None]
    assert len(cells) == len(drawn.targets_of(figure).customdata) == 3
    assert list(drawn.told_by(figure)) == [effect.address for effect in result.heads[:3]]


def test_a_click_gives_the_head_at_its_cell(result):
    trace = drawn.targets_of(head_heatmap(result, PROB, Look()))
    assert [tuple(cell) for cell in trace.customdata] == all_heads(*result.shape)
    assert [*zip(trace.y, trace.x, strict=True)] == all_heads(*result.shape)


def test_a_figures_json_has_plain_lists(result):
    """Streamlit and tests read z and customdata; numpy arrays would arrive as base64."""
    figure = json.loads(head_heatmap(result, PROB, Look()).to_json())
    assert isinstance(figure["data"][0]["z"], list)
    (clicked,) = [trace for trace in figure["data"] if "customdata" in trace]
    assert isinstance(clicked["customdata"][0], list)


def test_scale_makes_type_larger(result):
    small, large = (head_heatmap(result, PROB, Look(scale=s)) for s in (1.0, 2.0))
    assert large.layout.font.size == 2 * small.layout.font.size


def test_a_marked_heads_share_of_position_0_is_in_its_hover(result, layer_effects):
    strongest = result.ranked()[0].address
    told = drawn.told_by(head_heatmap(result, PROB, Look(), layer_effects=layer_effects))
    part = layer_effects.share_of_first(result, strongest, "prob_change")
    assert f"at position 0 alone: {share(part)} of it" in told[strongest]


def test_hovers_escape_the_likeliest_token(result):
    head = dataclasses.replace(result.heads[0], top=((drawn.ODD, 0.5),))
    odd = dataclasses.replace(result, heads=(head, *result.heads[1:]), _index={})
    text = drawn.targets_of(head_heatmap(odd, PROB, Look())).text[0]
    assert "&lt;b&gt;x" in text
    assert "$y$" not in text
