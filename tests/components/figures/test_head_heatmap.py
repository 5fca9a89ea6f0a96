"""The heatmap of a sweep: what is drawn is what was measured, and an estimate says that it is."""

import dataclasses
import json
from functools import cache

import numpy as np
import pytest
from support import drawn

from components.figures.base.cells import NUMBERS, shares_of
from components.figures.base.look import Look, ink_on
from components.figures.cell_contents import ESTIMATED, color_limit, n_estimated
from components.figures.head_heatmap import MARKED, head_heatmap
from core.circuits.atlas import letters
from core.results.metrics import KL, LOGODDS, LOGPROB, METRICS, PROB
from core.spec.heads import Head, all_heads
from core.text.numbers import share


def partial(result, n):
    return dataclasses.replace(result, heads=result.heads[:n], _index={})


def sized(result, n_layers, n_heads):
    """A sweep of a larger model, with the same effects over and over."""
    heads = tuple(
        dataclasses.replace(result.heads[i % len(result.heads)], layer=head.layer, head=head.head)
        for i, head in enumerate(all_heads(n_layers, n_heads))
    )
    return dataclasses.replace(result, shape=(n_layers, n_heads), heads=heads, _index={})


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


def test_the_selected_head_is_outlined_where_it_is(result):
    (shape,) = head_heatmap(result, PROB, Look(), Head(1, 2)).layout.shapes
    assert shape.x0 < 2 < shape.x1
    assert shape.y0 < 1 < shape.y1


def test_a_figures_json_has_plain_lists(result):
    """Streamlit and tests read z and customdata; numpy arrays would arrive as base64."""
    figure = json.loads(head_heatmap(result, PROB, Look()).to_json())
    assert isinstance(figure["data"][0]["z"], list)
    (clicked,) = [trace for trace in figure["data"] if "customdata" in trace]
    assert isinstance(clicked["customdata"][0], list)


def test_scale_makes_type_larger(result):
    small, large = (head_heatmap(result, PROB, Look(scale=s)) for s in (1.0, 2.0))
    assert large.layout.font.size == 2 * small.layout.font.size


def test_unfinished_heads_show_the_estimate_marked_and_said(result, estimate):
    figure = head_heatmap(partial(result, 3), LOGPROB, Look(), estimate=estimate)
    trace, said, written = drawn.heatmap_of(figure), drawn.told_by(figure), drawn.numbers_of(figure)
    measured = {effect.address for effect in result.heads[:3]}
    for layer, row in enumerate(trace.z):
        for head, value in enumerate(row):
            guessed = (layer, head) not in measured
            exact = result.effect(Head(layer, head)).logprob_change
            assert value == pytest.approx(
                estimate.values("logprob_change")[layer, head] if guessed else exact
            )
            assert (ESTIMATED in written.get((layer, head), "")) == guessed
            assert ("an estimate, not measured" in said[layer, head]) == guessed
    assert n_estimated(partial(result, 3), LOGPROB, estimate) == len(result.heads) - 3


@pytest.mark.parametrize("metric", [KL, LOGODDS])
def test_a_metric_without_an_estimate_leaves_unfinished_heads_blank(result, estimate, metric):
    trace = drawn.heatmap_of(head_heatmap(partial(result, 3), metric, Look(), estimate=estimate))
    assert sum(v is not None for row in trace.z for v in row) == 3
    assert n_estimated(partial(result, 3), metric, estimate) == 0


def test_a_finished_sweep_shows_nothing_of_the_estimate(result, estimate):
    with_it = head_heatmap(result, PROB, Look(), estimate=estimate)
    assert with_it == head_heatmap(result, PROB, Look())
    assert n_estimated(result, PROB, estimate) == 0


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


@pytest.fixture(scope="module")
def published(result):
    """A sweep as large as GPT-2, and the letters that papers give GPT-2's heads."""
    return sized(result, 12, 12), letters("gpt2")


@pytest.fixture(scope="module")
def lettered(published):
    """lettered(metric, look): its figure with the letters."""
    result, known = published
    return cache(lambda metric, look: head_heatmap(result, metric, look, letters=known))


def lettered_of(figure):
    (trace,) = [t for t in figure.data if t.name == "published roles"]
    return trace


def test_published_letters_stand_in_their_heads_cells(published, lettered):
    _, known = published
    assert len(known) > 20
    trace = lettered_of(lettered(PROB, Look()))
    assert trace.textposition == "bottom right"  # of the point, which is a cell's upper left corner
    at = {}
    for x, y, text in zip(trace.x, trace.y, trace.text, strict=True):
        head = Head(round(y), round(x))
        assert head.head - 0.5 < x < head.head
        assert head.layer - 0.5 < y < head.layer
        at[head] = text
    assert at == {head: f"<b>{said}</b>" for head, said in known.items()}


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
@pytest.mark.parametrize("metric", [PROB, KL])
def test_letters_read_on_their_cells(published, lettered, look, metric):
    result, known = published
    figure = lettered(metric, look)
    scale = look.diverging if metric.signed else look.sequential
    limit = drawn.heatmap_of(figure).zmax
    at = shares_of(metric.values(result), limit, signed=metric.signed)
    inks = [ink_on(scale, at[head]) for head in known]
    assert list(lettered_of(figure).textfont.color) == inks
    assert len(set(inks)) == 2


@pytest.mark.parametrize("metric", [m for m in METRICS if m.field != "logit_diff_change"])
def test_letters_change_no_hover_no_click_and_no_cell(published, lettered, metric):
    result, _ = published
    plain, figure = head_heatmap(result, metric, Look()), lettered(metric, Look())
    extra = lettered_of(figure)
    assert [trace for trace in figure.data if trace is not extra] == list(plain.data)
    assert figure.layout == plain.layout
    assert extra.hoverinfo == "skip"
    assert extra.customdata is None


def test_a_model_that_no_paper_names_has_no_letters(result):
    assert letters("demo") == {}
    figure = head_heatmap(result, PROB, Look(), letters=letters("demo"))
    assert figure == head_heatmap(result, PROB, Look())


def test_letters_are_drawn_before_anything_is_measured(published):
    result, known = published
    trace = lettered_of(head_heatmap(partial(result, 0), PROB, Look(), letters=known))
    assert len(trace.text) == len(known)
