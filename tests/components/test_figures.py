"""Figures are pure: the same data give the same figure, and what is drawn is what was measured."""

import dataclasses
import json

import numpy as np
import plotly.io
import pytest

from components.figures.attention import MAX_POSITIONS, attention_pattern
from components.figures.head_heatmap import head_heatmap
from components.figures.kinds import effect_by_kind
from components.figures.look import Look
from components.figures.metric import KL, LOGPROB, PROB
from components.figures.predictions import before_after
from core import example
from core.ablation import AblationKind
from core.heads import Head


@pytest.fixture
def result():
    return example.saved()


def heatmap_of(figure):
    (trace,) = [t for t in figure.data if t.type == "heatmap"]
    return trace


def test_cells_are_the_results_values_layers_down_heads_across(result):
    trace = heatmap_of(head_heatmap(result, PROB, Look()))
    for effect in result.heads:
        assert trace.z[effect.layer][effect.head] == pytest.approx(100 * effect.prob_change)


@pytest.mark.parametrize("metric", [PROB, LOGPROB])
def test_signed_metrics_are_symmetric_with_the_papers_colour_at_zero(result, metric):
    for look in (Look(), Look(dark=True)):
        trace = heatmap_of(head_heatmap(result, metric, look))
        assert trace.zmin == -trace.zmax
        assert dict(trace.colorscale)[0.5] == look.paper


def test_kl_starts_at_zero_on_a_scale_of_its_own(result):
    trace = heatmap_of(head_heatmap(result, KL, Look()))
    assert trace.zmin == 0
    assert trace.colorscale[0][1] == Look().paper


def test_the_strongest_cell_is_marked_and_weak_ones_are_not(result):
    trace = heatmap_of(head_heatmap(result, PROB, Look()))
    strongest = result.ranked()[0]
    weakest = result.ranked()[-1]
    assert trace.text[strongest.layer][strongest.head] != ""
    assert trace.text[weakest.layer][weakest.head] == ""


def test_unfinished_heads_are_blank_and_cannot_be_clicked(result):
    partial = dataclasses.replace(result, heads=result.heads[:3], _index={})
    figure = head_heatmap(partial, PROB, Look())
    drawn = [v for row in heatmap_of(figure).z for v in row if v is not None]
    (targets,) = [t for t in figure.data if t.type == "scatter"]
    assert len(drawn) == len(targets.customdata) == 3


def test_the_selected_head_is_outlined_where_it_is(result):
    (shape,) = head_heatmap(result, PROB, Look(), Head(1, 2)).layout.shapes
    assert shape.x0 < 2 < shape.x1
    assert shape.y0 < 1 < shape.y1


def test_token_labels_are_escaped(result):
    tokens = ("<b>", " a", "$x$")
    figure = attention_pattern(np.eye(3), tokens, Look())
    assert figure.layout.xaxis.ticktext[0] == "0 &lt;b&gt;"
    figure = before_after([("<i>x</i>", 0.5, 0.1)], "y", Look())
    assert "<i>" not in figure.layout.yaxis.ticktext[0]


def test_a_long_pattern_is_cut_to_the_last_positions():
    n = MAX_POSITIONS + 40
    figure = attention_pattern(np.tril(np.ones((n, n))), ["x"] * n, Look())
    assert len(figure.data[0].z) == MAX_POSITIONS
    assert figure.data[0].x[-1] == n - 1


def test_the_future_is_blank_in_a_pattern():
    z = attention_pattern(np.tril(np.ones((3, 3))), ["a", "b", "c"], Look()).data[0].z
    assert z[0][1] is None
    assert z[2][2] == 1


def test_the_chosen_kind_alone_is_in_the_accent_colour(result):
    effects = dict.fromkeys(AblationKind, result.heads[0])
    figure = effect_by_kind(effects, PROB, AblationKind.ZERO, Look())
    colours = dict(zip(figure.data[0].y, figure.data[0].marker.color, strict=True))
    assert colours["zero"] == Look().accent
    assert colours["mean across heads"] != Look().accent


def test_drawing_leaves_plotlys_global_template_alone(result):
    before = plotly.io.templates.default
    head_heatmap(result, PROB, Look())
    assert plotly.io.templates.default == before


def test_a_figures_json_has_plain_lists(result):
    """Streamlit and tests read z and customdata; numpy arrays would arrive as base64."""
    figure = json.loads(head_heatmap(result, PROB, Look()).to_json())
    assert isinstance(figure["data"][0]["z"], list)
    assert isinstance(figure["data"][1]["customdata"][0], list)


def test_scale_makes_type_larger(result):
    small, large = (head_heatmap(result, PROB, Look(scale=s)) for s in (1.0, 2.0))
    assert large.layout.font.size == 2 * small.layout.font.size
