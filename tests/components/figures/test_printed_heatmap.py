"""The heatmap that stands alone: its size, its words, its cells, and nothing typed as it is."""

import dataclasses
import re

import numpy as np
import pytest
from support import drawn
from support.hostile import IMAGE

from components.figures.base.cells import NUMBERS
from components.figures.base.look import Look
from components.figures.head_heatmap import head_heatmap
from components.figures.printed_heatmap import (
    CELLS,
    WIDTH,
    printed_heatmap,
)
from core.results.captions import provenance_parts
from core.results.metrics import KL, LOGPROB, METRICS, PROB
from core.spec.heads import all_heads
from core.text import words

HOSTILE = f"{IMAGE}</script> $x$ and  more\n"


def sized(result, n_layers, n_heads):
    heads = tuple(
        dataclasses.replace(result.heads[i % len(result.heads)], layer=head.layer, head=head.head)
        for i, head in enumerate(all_heads(n_layers, n_heads))
    )
    return dataclasses.replace(result, shape=(n_layers, n_heads), heads=heads, _index={})


def asked(result, **changes):
    return dataclasses.replace(result, spec=dataclasses.replace(result.spec, **changes), _index={})


def said(figure):
    """The annotations' texts, from the top."""
    return [annotation.text for annotation in figure.layout.annotations]


def plain(text):
    return re.sub("<[^>]*>|[\u2068\u2069]", "", text.replace("<br>", " · "))


def cells_of(figure):
    (trace,) = [trace for trace in figure.data if trace.name == CELLS]
    return trace


@pytest.mark.parametrize("metric", [PROB, LOGPROB, KL])
def test_a_rectangle_a_head_has_the_heatmaps_colour_and_place(result, metric):
    drawn_cells = cells_of(printed_heatmap(result, metric, Look()))
    page = drawn.heatmap_of(head_heatmap(result, metric, Look()))
    assert (drawn_cells.marker.cmin, drawn_cells.marker.cmax) == (page.zmin, page.zmax)
    assert drawn_cells.marker.colorscale == page.colorscale
    assert drawn_cells.marker.colorbar.title.text == metric.unit
    grid = np.full(result.shape, np.nan)
    places = zip(drawn_cells.y, drawn_cells.base, drawn_cells.marker.color, strict=True)
    for layer, left, value in places:
        grid[int(layer), int(left + 0.5)] = value
    np.testing.assert_array_equal(grid, metric.values(result))
    assert set(drawn_cells.x) == {1.0}
    assert drawn_cells.width == 1.0


def test_heads_that_are_not_measured_have_no_rectangle(result):
    part = dataclasses.replace(result, heads=result.heads[:5], _index={})
    figure = printed_heatmap(part, PROB, Look())
    assert len(cells_of(figure).y) == 5
    assert "5 of 12 heads" in plain(said(figure)[-1])


def test_numbers_are_the_heatmaps_and_nothing_needs_a_pointer(result, layer_effects):
    figure = printed_heatmap(result, PROB, Look(), layer_effects=layer_effects)
    page = head_heatmap(result, PROB, Look(), layer_effects=layer_effects)
    assert drawn.numbers_of(figure) == drawn.numbers_of(page)
    assert not [t for t in figure.data if t.type == "scatter" and t.mode == "markers"]
    assert not [t for t in figure.data if t.type == "heatmap"]  # it would be pixels
    order = [trace.name for trace in figure.data]
    assert order.index(CELLS) < order.index(NUMBERS)


def test_layer_effects_are_there_if_given_and_else_the_cells_have_their_room(result, layer_effects):
    without = printed_heatmap(result, PROB, Look())
    assert tuple(without.layout.xaxis.domain) == (0, 1)
    assert without.layout.xaxis2.domain is None
    assert not [trace for trace in without.data if trace.xaxis == "x2"]
    beside = printed_heatmap(result, PROB, Look(), layer_effects=layer_effects)
    (bars,) = [trace for trace in beside.data if trace.name == "attention"]
    assert list(bars.x) == [100 * each.prob_change for each in layer_effects.attention]
    assert "all its heads at once" in said(beside)[-1]
    assert beside.layout.xaxis.domain[1] < beside.layout.xaxis2.domain[0]


@pytest.mark.parametrize("shape", [(3, 4), (12, 12), (48, 25)])
@pytest.mark.parametrize("scale", [1.0, 1.6])
def test_the_size_is_in_the_layout_and_every_part_has_its_room(result, shape, scale):
    figure = printed_heatmap(sized(result, *shape), PROB, Look(scale=scale), title="A title")
    layout = figure.layout
    assert (layout.width, layout.autosize) == (WIDTH, False)
    assert layout.height == int(layout.height)
    cells = layout.height - layout.margin.t - layout.margin.b
    assert cells / shape[0] >= 16
    page = head_heatmap(sized(result, *shape), PROB, Look(scale=scale)).layout
    heading, foot = layout.margin.t - page.margin.t, layout.margin.b - page.margin.b
    first, foot_lines = layout.annotations[0], layout.annotations[-1]
    lines = sum(1.3 * each.font.size for each in layout.annotations[:-1])
    assert heading >= 24 + lines
    assert first.yshift == pytest.approx(layout.margin.t - 24)  # from the cells to the heading
    lines = 1.3 * foot_lines.font.size * (1 + foot_lines.text.count("<br>"))
    assert foot >= 24 + lines
    bar = cells_of(figure).marker.colorbar
    assert bar.yref == "container"
    assert bar.y * layout.height == pytest.approx(foot)  # the scale stands on the foot


@pytest.mark.parametrize("look", [Look(), Look(dark=True)])
def test_the_paper_is_opaque_and_the_looks_own(result, look):
    assert printed_heatmap(result, PROB, look).layout.paper_bgcolor == look.paper


def test_the_words_say_what_was_measured_and_on_what(result):
    heading, prompt, foot = map(plain, said(printed_heatmap(result, PROB, Look())))
    assert heading == "Change in P(target) when one head is ablated"
    assert prompt == f"{result.spec.prompt} → ␣jumps"
    for part in provenance_parts(result):
        assert words.plain(part) in foot


def test_a_title_stands_above_the_metrics_own(result):
    texts = said(printed_heatmap(result, KL, Look(), title=" Who \n copies? "))
    assert [plain(text) for text in texts[:2]] == [
        "Who copies?",
        f"{KL.title} when one head is ablated",
    ]


def test_a_foil_is_named(result):
    with_foil = dataclasses.replace(
        asked(result, target=" Mary", foil=(" John", " Bob")),
        target_tokens=(" Mary",),
        foil_tokens=(" John", " Bob"),
        _index={},
    )
    prompt = plain(said(printed_heatmap(with_foil, PROB, Look()))[1])
    assert prompt.endswith("→ ␣Mary against ␣John or ␣Bob")


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_long_prompt_loses_its_middle_and_keeps_what_the_answer_follows(result, scale):
    long = asked(result, prompt="The first words, " + "and again " * 400 + "the last words")
    prompt = plain(said(printed_heatmap(long, PROB, Look(scale=scale), width=900))[1])
    assert re.fullmatch("The first.* … .*last words → ␣jumps", prompt)
    assert len(prompt) * 13 * scale * 0.6 < 900


def test_long_titles_and_names_are_cut(result):
    long = asked(result, model="a-folder/" * 100)
    figure = printed_heatmap(long, PROB, Look(), title="W" * 500)
    heading, *_, foot = said(figure)
    assert plain(heading).endswith("…")
    assert len(plain(heading)) * 19 < WIDTH  # a W is almost as broad as its type is high
    assert max(map(len, foot.split("<br>"))) < 200


def test_nothing_typed_reaches_the_picture_unescaped(result):
    hostile = dataclasses.replace(
        asked(result, prompt=HOSTILE, target=drawn.ODD, foil=" <i>", model=drawn.ODD),
        target_tokens=(drawn.ODD,),
        foil_tokens=(" <i>",),
        _index={},
    )
    figure = printed_heatmap(hostile, PROB, Look(), title=HOSTILE)
    texts = drawn.strings_of(figure)
    assert any("&lt;img src=x" in text for text in texts)
    for text in texts:
        assert not set(re.findall(r"</?(\w+)", text)) - {"b", "span", "br"}
        assert "<b>x" not in text
        assert not re.search(r"\$[^\s$\u200b]+\$", text)  # Plotly would take it for a formula
    assert "and␣␣more↵" in plain(said(figure)[2])  # what would not be seen is


def test_a_long_answer_is_short_in_the_heading(result):
    long = dataclasses.replace(
        asked(result, target=" word" * 50), target_tokens=(" word",) * 50, _index={}
    )
    prompt = plain(said(printed_heatmap(long, PROB, Look()))[1])
    assert len(prompt.split(" → ")[1]) == 32


def test_every_metric_that_was_measured_can_be_printed(result):
    for metric in METRICS:
        if metric.measures(result):
            assert len(cells_of(printed_heatmap(result, metric, Look())).y) == 12
