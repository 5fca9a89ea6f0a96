"""Figures are pure: the same data give the same figure, and what is drawn is what was measured."""

import dataclasses
import json

import numpy as np
import plotly.io
import pytest
from components.figures.kinds import effect_by_kind

from components.figures.attention import MAX_POSITIONS, attention_pattern
from components.figures.head_heatmap import head_heatmap
from components.figures.kind_multiples import kind_multiples
from components.figures.layer_margins import BESIDE, CELLS, share
from components.figures.look import Look
from components.figures.metric import KL, LOGODDS, LOGPROB, METRICS, PROB
from components.figures.predictions import before_after
from core import example
from core.ablation import AblationKind
from core.estimates.attribution import Estimate
from core.heads import Head


@pytest.fixture
def result():
    return example.saved()


def heatmap_of(figure):
    (trace,) = [t for t in figure.data if t.type == "heatmap"]
    return trace


def targets_of(figure):
    (trace,) = [t for t in figure.data if t.customdata is not None]
    return trace


def bars_of(figure):
    return {t.name: t for t in figure.data if t.type == "bar" and t.name is not None}


@pytest.fixture
def estimate(result):
    guesses = -np.abs(np.random.default_rng(0).normal(size=result.shape))
    return Estimate(guesses / 10, guesses, None)


def partial(result, n):
    return dataclasses.replace(result, heads=result.heads[:n], _index={})


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
    figure = head_heatmap(partial(result, 3), PROB, Look())
    drawn = [v for row in heatmap_of(figure).z for v in row if v is not None]
    assert len(drawn) == len(targets_of(figure).customdata) == 3


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


def test_unfinished_heads_show_the_estimate_marked_and_said(result, estimate):
    figure = head_heatmap(partial(result, 3), LOGPROB, Look(), estimate=estimate)
    trace, targets = heatmap_of(figure), targets_of(figure)
    said = {tuple(cell): text for cell, text in zip(targets.customdata, targets.text, strict=True)}
    for layer, row in enumerate(trace.z):
        for head, value in enumerate(row):
            measured = result.heads[:3]
            guessed = (layer, head) not in {e.address for e in measured}
            exact = result.effect(Head(layer, head)).logprob_change
            assert value == pytest.approx(
                estimate.logprob_change[layer, head] if guessed else exact
            )
            assert ("≈" in trace.text[layer][head]) == guessed
            assert ("an estimate, not measured" in said[layer, head]) == guessed


@pytest.mark.parametrize("metric", [KL, LOGODDS])
def test_a_metric_without_an_estimate_leaves_unfinished_heads_blank(result, estimate, metric):
    trace = heatmap_of(head_heatmap(partial(result, 3), metric, Look(), estimate=estimate))
    assert sum(v is not None for row in trace.z for v in row) == 3


def test_a_finished_sweep_shows_nothing_of_the_estimate(result, estimate):
    with_it = head_heatmap(result, PROB, Look(), estimate=estimate)
    assert with_it == head_heatmap(result, PROB, Look())


@pytest.mark.parametrize("metric", [m for m in METRICS if m.field != "logit_diff_change"])
def test_margins_are_bars_on_the_rows_of_the_cells(result, metric):
    margins = example.saved_margins()
    mlp = tuple(result.heads[: result.shape[0]])
    both = dataclasses.replace(margins, mlp=mlp)
    bars = bars_of(head_heatmap(result, metric, Look(), margins=both))
    for name, effects in (("attention", margins.attention), ("MLP", mlp)):
        assert list(bars[name].x) == pytest.approx([metric.of(e) for e in effects])
        assert [round(y) for y in bars[name].y] == list(range(result.shape[0]))
        assert bars[name].customdata is None  # a click on them selects no head
    assert all(a < m for a, m in zip(bars["attention"].y, bars["MLP"].y, strict=True))


def test_an_mlp_that_cannot_be_ablated_has_no_bar(result):
    figure = head_heatmap(result, PROB, Look(), margins=example.saved_margins())
    assert len(bars_of(figure)["MLP"].x) == 0
    assert list(bars_of(figure)["attention"].y) == list(range(result.shape[0]))


def test_no_cell_moves_when_the_margins_arrive(result):
    without = head_heatmap(result, PROB, Look(), beside="measured after the heads")
    with_them = head_heatmap(result, PROB, Look(), margins=example.saved_margins())
    for part in ("height", "margin", "xaxis", "yaxis"):
        assert without.layout[part] == with_them.layout[part]
    assert without.layout.annotations[0].text == "measured after the heads"
    assert with_them.layout.annotations == ()
    assert CELLS[1] < BESIDE[0]


def test_a_marked_heads_share_of_position_0_is_in_its_hover(result):
    margins = example.saved_margins()
    strongest = result.ranked()[0].address
    targets = targets_of(head_heatmap(result, PROB, Look(), margins=margins))
    told = dict(zip(map(tuple, targets.customdata), targets.text, strict=True))
    part = margins.share_of_first(result, strongest, "prob_change")
    assert f"at position 0 alone: {share(part)} of it" in told[strongest]


def test_shares_have_real_minus_signs_and_no_negative_zero():
    assert [share(v) for v in (-0.123, -0.001, 0.12, 1.4)] == ["−12 %", "0 %", "12 %", "140 %"]


def test_hovers_escape_the_likeliest_token(result):
    head = dataclasses.replace(result.heads[0], top=(("<b>x</b>$y$", 0.5),))
    odd = dataclasses.replace(result, heads=(head, *result.heads[1:]), _index={})
    text = targets_of(head_heatmap(odd, PROB, Look())).text[0]
    assert "&lt;b&gt;x" in text
    assert "$y$" not in text


def test_small_multiples_share_one_scale_and_say_what_is_missing(result):
    zero = dataclasses.replace(
        result,
        heads=tuple(dataclasses.replace(e, prob_change=2 * e.prob_change) for e in result.heads),
        _index={},
    )
    results = {AblationKind.MEAN_ACROSS_HEADS: result, AblationKind.ZERO: zero}
    absent = {AblationKind.MEAN: "Not done yet.", AblationKind.RESAMPLE: "Needs a <second> prompt."}
    figure = kind_multiples(results, absent, result.shape, PROB, Look(), Head(1, 2))

    panels = [t for t in figure.data if t.type == "heatmap"]
    assert [p.coloraxis for p in panels] == ["coloraxis", "coloraxis"]
    limit = 100 * max(abs(e.prob_change) for e in zero.heads)
    assert figure.layout.coloraxis.cmax == -figure.layout.coloraxis.cmin == pytest.approx(limit)
    words = [a.text for a in figure.layout.annotations]
    for kind in AblationKind:
        assert f"<b>{kind.label}</b>" in words
    assert "Not done yet." in words
    assert "Needs a &lt;second&gt; prompt." in words
    assert len(figure.layout.shapes) == 2  # the selected head, in each panel that has cells


def test_small_multiples_without_any_result_have_no_scale(result):
    figure = kind_multiples({}, dict.fromkeys(AblationKind, "Not done yet."), (3, 4), PROB, Look())
    assert not figure.layout.coloraxis.showscale
