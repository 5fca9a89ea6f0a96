"""One head's room: every view by its address and by its button, its numbers, the verdict."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core import SweepSpec, run_sweep
from core.circuits.attention import head_attention
from core.circuits.by_position import iter_position_effects
from core.circuits.direct_effect import direct_effect
from core.circuits.dose import FACTORS, measure_dose
from core.circuits.dose_words import dose_words
from core.circuits.edge import Edge
from core.circuits.knock_out import measure_knock_out
from core.circuits.knock_out_words import knock_out_words
from core.circuits.logit_effects import logit_effects
from core.circuits.measure_scores import measure_head_scores, measure_scores_without
from core.circuits.path_patching import measure_path_patching
from core.circuits.receiver import INPUTS
from core.circuits.spread_words import MOVED_PROB, unmoved_words
from core.demo import example
from core.progress import run_to_end
from core.results.metrics import LOGODDS, PROB
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep.scorer import Scorer
from core.text.numbers import signed

INDUCTION = Head(1, 0)
FEEDER = Head(0, 0)
MEAN = replace(example.SPEC, ablation=AblationKind.MEAN)


@pytest.fixture(scope="module")
def scorer(demo):
    return Scorer(demo, example.SPEC)


@pytest.fixture
def view(open_page, server):
    """view(name, head): a session opened on a view by its address."""

    def open_(name, head=INDUCTION):
        page = open_page(f"{server}/?head={head.label}&view={name}")
        page.wait_live()
        page.wait_text("head_detail", f"{head.label} ablated")
        page.wait_text("verdict", "What weakens this")
        page.settle()
        return page

    return open_


def test_from_the_heatmap_to_every_view(live):
    live.click_cell(*INDUCTION)
    live.wait_text("head_detail", "L1H0 ablated")
    for name, button, shown in (
        ("attention", "What it looks at", "Attention pattern, nothing ablated"),
        ("logits", "What it says", "OV circuit"),
        ("positions", "Where it matters", "ablated at one position only"),
        ("scores", "Which role it plays", "What the literature calls it"),
        ("path-patching", "What feeds it", "Composition scores"),
        ("direct-effect", "By which route", "Under each kind of ablation"),
        ("dose", "How much of it", "is multiplied by 0 (removed"),
    ):
        live.choose("head_view", button)
        live.wait_text(f"view_{name}", shown)
        assert live.query() == f"?head=L1H0&view={name}"
        assert live.n_charts(f"view_{name}") >= 1
        assert live.outlined() == ["selected L1H0"]
    live.click_button("clear_head")
    assert live.query() == ""


def test_an_address_opens_its_head_and_view(view, scorer):
    live = view("attention")
    expected = head_attention(scorer.start, INDUCTION).weights
    figure = live.figure("attention-L1H0")
    for query, row in enumerate(figure["data"][0]["z"]):
        assert row[query + 1 :] == [None] * (len(row) - query - 1)
        assert np.allclose(
            np.array(row[: query + 1], float), expected[query, : query + 1], atol=1e-4
        )
    ticks = figure["layout"]["xaxis"]["ticktext"]
    assert ticks[:3] == ["0 &lt;|endoftext|&gt;", "1 The", "2 ␣quick"]

    assert figure["data"][0]["colorbar"]["title"]["text"] == "attention weight"
    live.switch("value_weighted")
    weighted = live.figure("attention-L1H0-True")
    assert weighted["data"][0]["colorbar"]["title"]["text"] == "weight × ‖v W_O‖"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("head=L9H9", "The address asks for L9H9, and demo has L0H0 to L2H3"),
        ("head=banana", "The address asks for head “banana”"),
        ("head=L1H0&view=sideways", "The address asks for view “sideways”"),
        ("head=<img src=x onerror=alert(1)>", "The address asks for head “<img src=x onerr"),
        (f"head=L{'9' * 5000}H0", "The address asks for head “L999"),
    ],
)
def test_an_address_that_cannot_be_is_explained(open_page, server, address, said):
    page = open_page(f"{server}/?{address}")
    page.wait_banner(said)
    assert "<img src=x" not in page.html()


def test_a_prompt_as_long_as_the_context_is_looked_at(live):
    live.type_prompt(" ".join(["red green blue yellow"] * 63) + " red")
    live.wait_text("composer", "255 tokens")
    live.type("target", " green")
    live.run()
    live.wait_text("baseline", "green")
    live.click_cell(*INDUCTION)
    live.wait_text("view_attention", "Long prompt: a cell is the largest weight")
    assert len(live.figure("attention-L1H0")["data"][0]["z"]) == 128
    assert len(re.findall(r"<span[^>]* data-at=", live.html())) == 255
    live.choose("head_view", "Where it matters")
    live.wait_text("view_positions", "Largest: L1H0 at")


def test_what_it_says_are_the_cores_numbers(view, scorer):
    live = view("logits")
    expected = logit_effects(scorer, INDUCTION)
    after = next(t["x"] for t in live.figure("predictions-L1H0")["data"] if t["name"] == "after")
    drawn = [p for p in expected.predictions if abs(p.change) >= MOVED_PROB or p.text == " jumps"]
    assert np.allclose(after, [100 * each.after for each in drawn], atol=0.01)
    hidden = [p.text.replace(" ", "␣") for p in expected.predictions if p not in drawn]
    live.wait_text("view_logits", f"Hardly moved: {', '.join(hidden[:5])}")
    (by_target,) = live.figure("attributed-L1H0")["data"][0]["x"]
    assert abs(by_target - expected.attribution.target.heads[INDUCTION]) < 1e-3
    assert np.allclose(
        live.values_of("attribution-"), expected.attribution.difference.heads, atol=1e-3
    )
    assert "copying score is +" in live.text("view_logits")
    live.click_head("attribution-", 2, 1)
    live.wait_text("head_detail", "L2H1 ablated")


def test_where_it_matters_for_the_head_its_layer_and_the_model(view, scorer):
    live = view("positions")
    for scope, key, heads in (
        ("This head", "where-L1H0", [INDUCTION]),
        ("Its layer", "where-Its", [Head(1, head) for head in range(4)]),
        ("The whole model", "where-The", [Head(a, b) for a in range(3) for b in range(4)]),
    ):
        live.choose("where_scope", scope)
        live.wait_text("view_positions", "Positions do not add up")
        expected = list(iter_position_effects(scorer, heads))[-1][1].values("prob_change")
        z = next(t["z"] for t in live.figure(key)["data"] if t["type"] == "heatmap")
        assert np.allclose(z, 100 * expected, atol=0.01)
    live.click_head("where-The", 0, 3)
    live.wait_text("head_detail", "L0H3 ablated")


def test_what_kind_it_is_and_what_its_loss_does_to_the_others(view, demo):
    live = view("scores", FEEDER)
    roles = run_to_end(measure_head_scores(demo))
    live.wait_text("view_scores", "before and after ablating L0H0")
    figure = live.figure("roles-L0H0")
    bars = figure["data"][0]["x"]
    assert np.allclose(bars, [roles.values(role)[FEEDER] for role in roles.roles], atol=1e-3)
    (threshold,) = (s for s in figure["layout"]["shapes"] if s.get("name") == "threshold")
    assert threshold["x0"] == 0.4

    live.wait_text("view_scores", "Moved most")
    without = run_to_end(measure_scores_without(demo, FEEDER, AblationKind.MEAN_ACROSS_HEADS))
    assert np.allclose(live.values_of("without-induction"), roles.values("induction"), atol=1e-3)
    assert np.allclose(
        live.values_of("without-induction", 1), without.values("induction"), atol=1e-3
    )
    for head in range(4):
        assert roles.values("induction")[1, head] > 0.8
        assert without.values("induction")[1, head] < 0.4, "the induction heads lose their source"

    live.click_head("scatter-induction", 1, 2)
    live.wait_text("head_detail", "L1H2 ablated")
    assert live.outlined() == ["selected L1H2"]


def test_what_feeds_it_is_the_previous_token_head_through_k(live, demo):
    live.choose("ablation", "mean")
    live.run()
    live.click_cell(*INDUCTION)
    live.choose("head_view", "What feeds it")
    live.wait_text("view_path-patching", "L1H0 looks from 14 ␣fox to 5 ␣jumps")
    found = run_to_end(measure_path_patching(Scorer(demo, MEAN), INDUCTION))
    for nth, values in enumerate((found.by_query, found.by_key)):
        assert np.allclose(live.values_of("feeds-", nth), values[:1], atol=1e-3)
    ((head, change), *_) = found.strongest("key")
    assert head == FEEDER
    assert change < -0.4

    (twelfth,) = (each for each in live.options("feed_query") if each.startswith("12 "))
    live.type("feed_query", twelfth)
    live.wait_text("view_path-patching", "L1H0 looks from 12 ␣quick")


def test_which_edge_and_which_measure_are_said_and_chosen(view, demo):
    live, head = view("path-patching", Head(2, 1)), Head(2, 1)
    live.wait_text("view_path-patching", "alone; residual stream only")
    live.choose("feed_edge", "through the MLPs too")
    live.wait_text("view_path-patching", "alone; through the MLPs too")
    scorer = Scorer(demo, example.SPEC)
    found = run_to_end(measure_path_patching(scorer, head, edge=Edge.MLPS, answer=True))
    assert np.allclose(live.values_of("feeds-", 1), found.by_key[:2], atol=1e-3)
    live.choose("feed_measure", "the answer")
    live.wait_text("view_path-patching", "everything from this head on recomputed")
    assert "Whatever position L2H1 looks from" in live.text("view_path-patching")
    assert "st-key-pair" not in live.html()
    for nth, way in enumerate(INPUTS):
        expected = found.answer.through(way)[:2]
        assert np.allclose(live.values_of("feeds-answer", nth), expected, atol=1e-3)


def test_an_edge_is_knocked_out_and_the_answer_said(view, scorer):
    live = view("attention")
    live.switch("knock_out")
    live.wait_text("knocked_out", "Without the edge from 14 ␣fox to 5 ␣jumps in L1H0")
    found = run_to_end(measure_knock_out(scorer, [INDUCTION], 14, [5]))
    said = knock_out_words(found, scorer.prepared.texts, PROB, "␣jumps")
    assert said in live.text("knocked_out")
    assert "P(␣jumps) 84.5" in said
    outlined = [shape["name"] for shape in live.figure("attention-L1H0")["layout"]["shapes"]]
    assert outlined == ["knocked out 14 5"]
    (ninth,) = (each for each in live.options("knock_key") if each.startswith("9 "))
    live.type("knock_key", ninth)
    live.wait_text("knocked_out", "Without the edge from 14 ␣fox to 9 ␣dog")
    live.type("knock_keys", "4-5, 9")
    live.type("knock_layers", "1-2")
    live.wait_text("knocked_out", "in 8 heads")
    window = [Head(layer, head) for layer in (1, 2) for head in range(4)]
    found = run_to_end(measure_knock_out(scorer, window, 14, [4, 5, 9]))
    said = knock_out_words(found, scorer.prepared.texts, PROB, "␣jumps")
    assert said in live.text("knocked_out")
    outlined = [shape["name"] for shape in live.figure("attention-L1H0")["layout"]["shapes"]]
    assert outlined == [f"knocked out 14 {key}" for key in (4, 5, 9)]
    live.type("knock_keys", "4 to 5")
    live.wait_error("'4 to 5' is no list of numbers")
    live.type("knock_keys", "")
    live.type("knock_layers", "3")
    live.wait_error("has no layer 3: its layers are 0 to 2")


def test_a_dose_is_drawn_from_nothing_to_twice_as_much(view, scorer):
    live = view("dose")
    found = run_to_end(measure_dose(scorer, [INDUCTION]))
    curve = live.figure("dose-L1H0")["data"][0]
    assert curve["x"] == list(FACTORS)
    assert np.allclose(curve["y"], found.values("logodds_change"), atol=1e-3)
    assert dose_words(found, LOGODDS) in live.text("view_dose")
    effect = example.saved().effect(INDUCTION)
    (line,) = (s for s in live.figure("dose-L1H0")["layout"]["shapes"] if s["name"] == "ablated")
    assert line["y0"] == line["y1"] == pytest.approx(effect.logodds_change)
    percents = live.figure("dose-prob-L1H0")["data"][0]["y"]
    assert np.allclose(percents, [100 * effect.prob for effect in found.effects], atol=0.01)


def test_the_route_adds_up_and_the_kinds_stand_beside_it(view, scorer):
    live = view("direct-effect")
    found = direct_effect(scorer, INDUCTION)
    steps = live.figure("route-L1H0")["data"][0]["x"]
    assert np.allclose(steps[:5], [found.direct_frozen_norm, *found.parts.values()], atol=1e-3)
    assert abs(sum(steps[:5]) - steps[5]) < 1e-6
    kinds = live.figure("kinds-L1H0")["data"][0]["customdata"]
    assert kinds == ["mean across heads", "zero", "mean"]
    said = live.text("view_direct-effect")
    assert unmoved_words("head", found.later_heads) in said != ""


def test_later_heads_that_changed_are_a_map(view, scorer):
    live = view("direct-effect", FEEDER)
    found = direct_effect(scorer, FEEDER)
    assert np.allclose(live.values_of("later-")[1:], found.later_heads[1:], atol=1e-3)


def test_the_verdict_has_three_sentences_and_leads_to_its_figures(view):
    live = view("attention")
    said = live.elements("hs-said")
    assert len(said) == 3
    effect = example.saved().effect(INDUCTION)
    assert f"{signed(100 * effect.prob_change)} pp" in said[0]
    assert "which says where it looks and not what it does here" in said[1]
    assert said[2].startswith("What weakens this: it is one prompt")
    live.click_button("trace_1_direct-effect")
    live.wait_text("view_direct-effect", "Change of log odds by route")
    live.click_button("trace_1_scores")
    live.wait_text("view_scores", "How it scores")


def test_a_foil_is_attributed_too(live, demo):
    spec = SweepSpec(
        model="demo",
        prompt="When John and Mary went to the shops, John gave the bag to",
        target=" Mary",
        foil=" John",
    )
    live.type_prompt(spec.prompt)
    live.type("target", " Mary")
    live.type("foil", " John")
    live.run()
    head = run_sweep(demo, spec).ranked("logit_diff_change")[0].address
    live.click_cell(*head)
    live.choose("head_view", "What it says")
    live.wait_text("view_logits", "against the foil")
    shown = live.figure(f"attributed-{head.label}")["data"][0]["x"]
    by = logit_effects(Scorer(demo, spec), head).attribution
    expected = [values.heads[head] for values in (by.target, by.foil, by.difference)]
    assert np.allclose(shown, expected, atol=1e-3)
    assert abs(shown[0] - shown[1] - shown[2]) < 1e-3
