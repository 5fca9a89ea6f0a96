"""What holds of every figure: any look, plain JSON, no global template, nothing typed as it is."""

import dataclasses
import importlib
import pkgutil
import re
from collections import Counter
from functools import cache

import numpy as np
import plotly.graph_objects as go
import plotly.io
import pytest
from support import drawn

from components import figures
from components.figures.attention import attention_pattern
from components.figures.bars import Bar, bars
from components.figures.base.grids import Panel, grids
from components.figures.base.look import Look
from components.figures.comparison import RunName
from components.figures.comparison_maps import comparison_maps
from components.figures.comparison_scatter import comparison_scatter
from components.figures.direct_effect import direct_effect_waterfall, mlp_bars
from components.figures.dose import dose_curve
from components.figures.head_heatmap import head_heatmap
from components.figures.head_scores import score_bars, score_change
from components.figures.hypotheses import other_sets_strip, pair_map
from components.figures.kind_multiples import kind_multiples
from components.figures.pick_grid import pick_grid
from components.figures.position_map import position_map
from components.figures.predictions import before_after
from components.figures.printed_heatmap import printed_heatmap
from components.figures.score_scatter import score_scatter
from components.figures.search_curve import search_curve
from components.figures.stream_map import stream_map
from core.circuits.logit_effects import TokenProbability
from core.results.comparison import compare
from core.results.metrics import KL, LOGPROB, PROB
from core.spec.ablation import AblationKind
from core.spec.heads import Head

LOOKS = {"light": Look(), "dark": Look(dark=True), "large": Look(scale=2.0)}
CHOSEN = Head(1, 2)
NAMES = (
    "attention_pattern", "bars", "before_after", "comparison_maps",
    "comparison_scatter", "dose_curve", "grids", "head_heatmap", "kind_multiples", "mlp_bars",
    "other_sets_strip", "pair_map", "pick_grid", "position_map", "printed_heatmap", "score_bars",
    "score_change", "score_scatter", "direct_effect_waterfall", "search_curve",
    "stream_map",
)  # fmt: skip
CLICKED = (
    "comparison_maps", "comparison_scatter", "grids", "head_heatmap", "pick_grid", "position_map",
    "score_scatter",
)  # fmt: skip


@pytest.fixture(scope="module")
def draw(result, layer_effects, looking, tokens, saying, fed, places, roles, without,
         routed, joint, pairs, search):  # fmt: skip
    """draw(name, look): the figure of that name, of real data, with all that it may show."""
    places_of = (places.values("prob_change"), places.heads, places.positions)
    ways = [Panel("through Q", fed.by_query), Panel("through K", fed.by_key)]
    induction = roles.values("induction")
    swept = {AblationKind.ZERO: result}
    absent = {AblationKind.MEAN: "Not done yet."}
    part = dataclasses.replace(result, heads=result.heads[:5], _index={})
    doubled = dataclasses.replace(
        result,
        heads=tuple(dataclasses.replace(e, prob_change=-2 * e.prob_change) for e in result.heads),
        _index={},
    )
    compared = compare(result, doubled, "prob_change")
    makers = {
        "attention_pattern": lambda look: attention_pattern(looking.weights, tokens, look),
        "bars": lambda look: bars([Bar("a", 1.0), Bar("b", -2.0, True)], "nats", look),
        "before_after": lambda look: before_after(saying.predictions, {" Mary"}, look),
        "comparison_maps": lambda look: comparison_maps(compared, PROB, look, CHOSEN),
        "comparison_scatter": lambda look: comparison_scatter(compared, PROB, look, CHOSEN),
        "stream_map": lambda look: stream_map(
            places.values("prob_change")[:4], places.positions, places.tokens, "share", look
        ),
        "dose_curve": lambda look: dose_curve([0, 1, 2], [-1.2, 0, 0.4], "Change", "nats", look),
        "grids": lambda look: grids(ways, "attention", look, selected=[CHOSEN]),
        "head_heatmap": lambda look: head_heatmap(part, LOGPROB, look, layer_effects=layer_effects),
        "kind_multiples": lambda look: kind_multiples(
            swept, absent, result.shape, PROB, look, CHOSEN
        ),
        "mlp_bars": lambda look: mlp_bars(routed.later_mlps, look),
        "other_sets_strip": lambda look: other_sets_strip(joint, look),
        "pair_map": lambda look: pair_map(pairs, look),
        "pick_grid": lambda look: pick_grid(result.shape, [CHOSEN], look),
        "position_map": lambda look: position_map(
            *places_of, tokens, "pp", look, selected=CHOSEN, digits=2
        ),
        "printed_heatmap": lambda look: printed_heatmap(
            part, LOGPROB, look, layer_effects=layer_effects, title="A title"
        ),
        "score_bars": lambda look: score_bars(roles, CHOSEN, look),
        "score_change": lambda look: score_change(
            induction, without.values("induction"), "x", look
        ),
        "score_scatter": lambda look: score_scatter(
            induction, PROB.values(result), "induction", PROB, look, CHOSEN
        ),
        "direct_effect_waterfall": lambda look: direct_effect_waterfall(routed, look),
        "search_curve": lambda look: search_curve(search, look),
    }
    assert set(makers) == set(NAMES)
    return cache(lambda name, look: makers[name](look))


def test_every_figure_is_in_these_tests():
    found = set()
    for module in pkgutil.walk_packages(figures.__path__, f"{figures.__name__}."):
        for name, made in vars(importlib.import_module(module.name)).items():
            if not name.startswith("_") and getattr(made, "__module__", "") == module.name:
                made_of = getattr(made, "__annotations__", {}).get("return")
                found |= {name} if made_of is go.Figure else set()
    assert found == set(NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_plain_and_leaves_plotlys_template_alone(draw, name, look):
    template, defaults = plotly.io.templates.default, plotly.io.templates["plotly"].to_plotly_json()
    figure = draw(name, look)
    assert plotly.io.templates.default == template
    assert plotly.io.templates["plotly"].to_plotly_json() == defaults

    page = drawn.page_of(figure)
    # numpy arrays would arrive as base64, which Streamlit and tests do not read.
    assert "bdata" not in {key for path, _ in drawn.walked(page) for key in path}
    for trace in page["data"]:
        if "customdata" in trace:
            assert isinstance(trace["customdata"], list)
            assert all(isinstance(each, list | str) for each in trace["customdata"])
    # Plotly's own look is off.
    assert page["layout"]["template"] == plotly.io.templates["none"].to_plotly_json()
    # One that stands alone has its own paper, the others have the page's.
    paper = look.paper if name == "printed_heatmap" else "rgba(0,0,0,0)"
    assert page["layout"]["paper_bgcolor"] == paper


@pytest.mark.parametrize(
    ("name", "look"), [(name, list(LOOKS)[turn % 3]) for turn, name in enumerate(NAMES)]
)
def test_the_same_data_gives_the_same_figure(draw, name, look):
    again = draw.__wrapped__(name, LOOKS[look])
    assert draw(name, LOOKS[look]).to_json() == again.to_json()


def fonts_of(figure):
    """Every font size, by where it is."""
    return {
        path: value
        for path, value in drawn.walked(drawn.page_of(figure))
        if path[-1] == "size" and "font" in str(path[-2])
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_talks_look_doubles_all_type_and_only_type_or_room(draw, name):
    plain, large = (draw(name, LOOKS[look]) for look in ("light", "large"))
    small, twice = (fonts_of(figure) for figure in (plain, large))
    if name == "score_scatter":  # where fewer labels have room
        small, twice = (
            {path: size for path, size in sizes.items() if "annotations" not in path}
            for sizes in (small, twice)
        )
    assert small
    assert twice == {path: pytest.approx(2 * size) for path, size in small.items()}
    assert large.layout.height >= plain.layout.height
    for one, other in zip(plain.data, large.data, strict=True):
        for part in ("x", "y", "z", "text", "customdata"):
            if part in one:
                assert one[part] == other[part]


def palette(look):
    """The colours of a look, and those that are read on any."""
    own = {getattr(look, name) for name in ("paper", "ink", "quiet", "line", "accent")}
    own |= {colour for scale in (look.diverging, look.sequential) for _, colour in scale}
    return own | {"#000000", "#ffffff", "rgba(0,0,0,0)"}


def colours_of(figure):
    page = drawn.page_of(figure)
    page["layout"].pop("template")
    said = (value for _, value in drawn.walked(page) if isinstance(value, str))
    return {value for value in said if re.fullmatch("#[0-9a-f]{3,8}|rgba?\\(.*\\)", value)}


@pytest.mark.parametrize("name", NAMES)
def test_the_dark_look_has_no_colour_of_the_light_one(draw, name):
    looks = LOOKS["light"], LOOKS["dark"]
    light, dark = (colours_of(draw(name, look)) for look in looks)
    for look, colours in zip(looks, (light, dark), strict=True):
        assert colours <= palette(look)
    both = palette(LOOKS["light"]) & palette(LOOKS["dark"])
    assert both == {"#000000", "#ffffff", "rgba(0,0,0,0)"}
    assert dark - both


def test_figures_with_click_targets_are_those_whose_cells_are_heads(draw):
    found = {
        name
        for name in NAMES
        for trace in draw(name, Look()).data
        if trace.type == "scatter" and trace.customdata is not None
    }
    assert found == set(CLICKED)


@pytest.mark.parametrize("name", CLICKED)
def test_a_click_on_a_cell_fades_nothing(draw, name):
    """Plotly fades what a click did not select, unless a trace says how it looks then."""
    for trace in draw(name, Look()).data:
        if trace.type == "bar" and trace.hoverinfo == "skip":
            assert trace.unselected.marker.opacity == 1
        elif trace.type == "scatter" and trace.mode == "text":
            assert trace.selected.textfont.color is not None  # then the others keep their colour
        elif trace.type == "scatter" and trace.mode == "markers":
            assert trace.unselected.marker.opacity == trace.marker.opacity


TYPED = {
    "attention": lambda odd, result: attention_pattern(np.eye(2), odd, Look()),
    "long attention": lambda odd, result: attention_pattern(np.eye(400), odd * 200, Look()),
    "positions": lambda odd, result: position_map(
        np.ones((1, 2)), [CHOSEN], [0, 1], odd, "pp", Look()
    ),
    "predictions": lambda odd, result: before_after(
        [TokenProbability(token, 0.5, 0.1) for token in odd], odd[:1], Look()
    ),
    "heatmap": lambda odd, result: head_heatmap(
        dataclasses.replace(
            result,
            heads=tuple(dataclasses.replace(e, top=((odd[0], 0.5),)) for e in result.heads),
            _index={},
        ),
        PROB,
        Look(),
    ),
    "comparison": lambda odd, result: comparison_maps(
        compare(result, result, "kl"), KL, Look(), names=(RunName("A", odd[0]), RunName("B"))
    ),
    "compared points": lambda odd, result: comparison_scatter(
        compare(result, result, "kl"), KL, Look(), names=(RunName("A", odd[0]), RunName("B"))
    ),
    "printed": lambda odd, result: printed_heatmap(result, PROB, Look(), title=odd[0]),
    "kinds": lambda odd, result: kind_multiples(
        {}, {AblationKind.ZERO: f"No {odd[0]}"}, (2, 2), PROB, Look()
    ),
}


@pytest.mark.parametrize("made", TYPED.values(), ids=TYPED)
def test_nothing_typed_reaches_a_figure_unescaped(made, result):
    found = Counter()
    for text in drawn.strings_of(made([drawn.ODD, " a"], result)):
        found["escaped"] += "&lt;b&gt;x" in text
        assert "<b>x" not in text
        assert "</b>$y" not in text
        assert not re.search(r"\$[^\s$\u200b]+\$", text)  # Plotly would take it for a formula
    assert found["escaped"]
