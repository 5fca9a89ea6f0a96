"""One head's room in a real browser: every view, its address, the arrow keys, the verdict."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core import SweepSpec, run_sweep
from core.circuits.attention import head_attention
from core.circuits.by_position import iter_position_effects
from core.circuits.direct_effect import direct_effect
from core.circuits.logit_effects import logit_effects
from core.circuits.measure_scores import measure_head_scores, measure_scores_without
from core.circuits.path_patching import measure_path_patching
from core.demo import example
from core.progress import run_to_end
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
    """view(name, head): a tab opened on a view by its address."""

    def open_(name, head=INDUCTION):
        page = open_page(url=f"{server}/?head={head.label}&view={name}")
        page.wait_live()
        page.wait_text("head_detail", f"{head.label} ablated")
        page.wait_text("verdict", "What weakens this")
        page.settle()
        return page

    return open_


def test_from_the_heatmap_to_every_view_by_clicks(live):
    live.click_cell(*INDUCTION)
    live.wait_text("head_detail", "L1H0 ablated")
    for name, button, shown in (
        ("attention", "What it looks at", "Attention pattern, nothing ablated"),
        ("logits", "What it says", "OV circuit"),
        ("positions", "Where it matters", "ablated at one position only"),
        ("scores", "What kind it is", "What the literature calls it"),
        ("path-patching", "What feeds it", "Composition scores"),
        ("direct-effect", "By which route", "Under each kind of ablation"),
    ):
        live.choose("head_view", button)
        live.wait_text(f"view_{name}", shown)
        assert live.query() == f"?head=L1H0&view={name}"
        assert live.page.locator(f".st-key-view_{name} .js-plotly-plot").count() >= 1
        assert live.outlined() == ["selected L1H0"]
    live.click_button("clear_head")
    assert live.query() == ""


def test_an_address_opens_its_head_and_view(view, scorer):
    live = view("attention")
    expected = head_attention(scorer.start, INDUCTION).weights
    z = live.of_figure("attention-L1H0", "Array.from(gd.data[0].z, row => Array.from(row))")
    for query, row in enumerate(z):
        assert row[query + 1 :] == [None] * (len(row) - query - 1)
        assert np.allclose(row[: query + 1], expected[query, : query + 1], atol=1e-4)
    ticks = live.of_figure("attention-L1H0", "Array.from(gd.layout.xaxis.ticktext)")
    assert ticks[:3] == ["0 &lt;|endoftext|&gt;", "1 The", "2 ␣quick"]


def test_back_and_forward_go_through_the_heads_and_views(live):
    for head in (INDUCTION, Head(1, 2)):
        live.click_cell(*head)
        live.wait_text("head_detail", f"{head.label} ablated")
    live.choose("head_view", "What it says")
    live.wait_text("view_logits", "OV circuit")
    for step, address, outlined in (
        ("back", "?head=L1H2&view=attention", ["selected L1H2"]),
        ("back", "?head=L1H0&view=attention", ["selected L1H0"]),
        ("back", "", []),
        ("forward", "?head=L1H0&view=attention", ["selected L1H0"]),
    ):
        live.settle()
        getattr(live.page, f"go_{step}")()
        live.page.wait_for_function(
            "names => JSON.stringify((document.querySelector('.st-key-heatmap .js-plotly-plot')"
            "?.layout?.shapes || []).map(s => s.name)) === JSON.stringify(names)",
            arg=outlined,
        )
        live.settle()
        assert live.query() == address


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
    page = open_page(url=f"{server}/?{address}")
    page.wait_banner(said)
    assert page.page.locator("img[src=x]").count() == 0


def test_arrow_keys_go_to_the_neighbours_and_stop_at_the_edge(live):
    live.click_cell(1, 1)
    live.wait_text("head_detail", "L1H1 ablated")
    live.page.locator(".st-key-head_line .hs-head").click()  # the focus is in no field
    for key, label in (
        ("ArrowLeft", "L1H0"),
        ("ArrowLeft", "L1H0"),
        ("ArrowDown", "L2H0"),
        ("ArrowDown", "L2H0"),
        ("ArrowRight", "L2H1"),
        ("ArrowUp", "L1H1"),
    ):
        live.page.keyboard.press(key)
        live.settle()
        live.wait_text("head_detail", f"{label} ablated")
        assert live.outlined() == [f"selected {label}"]
    live.page.locator(".st-key-prompt textarea").click()
    live.page.keyboard.press("ArrowLeft")
    live.settle()
    assert live.outlined() == ["selected L1H1"]


def test_the_text_tells_where_a_token_looks_and_who_looks_at_it(view, scorer):
    live = view("attention")
    weights = head_attention(scorer.start, INDUCTION).weights
    tokens = live.page.locator(".hs-read [data-at]")
    last = tokens.count() - 1
    tokens.nth(last).hover()
    said = live.page.locator(".hs-read-said")
    top = int(weights[last].argmax())
    assert f"{last} “␣fox” attends to {top} “␣jumps”" in said.inner_text()
    assert f"{100 * weights[last, top]:.0f} %" in said.inner_text()
    shown = live.page.evaluate(
        "at => document.querySelectorAll('.hs-read [data-at]')[at].style.getPropertyValue('--to')",
        top,
    )
    assert shown == f"{100 * weights[last, top]:.0f}%"

    tokens.nth(top).click()  # held: the pointer may wander
    held = said.inner_text()
    assert f"Attending to it: {last} “␣fox”" in held
    tokens.nth(2).hover()
    assert said.inner_text() == held
    live.page.keyboard.press("Tab")
    tokens.nth(top).focus()
    live.page.keyboard.press("ArrowRight")
    assert live.page.evaluate("document.activeElement.dataset.at") == str(top + 1)
    live.page.keyboard.press("Enter")
    assert said.inner_text().startswith(f"{top + 1} ")

    title = "gd.data[0].colorbar.title.text"
    assert live.of_figure("attention-L1H0-False", title) == "attention weight"
    live.page.locator(".st-key-value_weighted label").click()
    live.settle()
    assert live.of_figure("attention-L1H0-True", title) == "weight × ‖v W_O‖"


def test_a_prompt_as_long_as_the_context_is_looked_at(open_page):
    page = open_page()
    page.wait_live()
    page.type_prompt(" ".join(["red green blue yellow"] * 63) + " red")
    page.wait_text("composer", "255 tokens")
    page.type("target", " green")
    page.run()
    page.wait_text("baseline", "green")
    page.click_cell(*INDUCTION)
    page.wait_text("view_attention", "Long prompt: a cell is the largest weight")
    rows = page.of_figure("attention-L1H0", "gd.data[0].z.length")
    assert rows == 128
    assert page.page.locator(".hs-read [data-at]").count() == 255
    page.page.locator('.hs-read [data-at="200"]').click()
    assert "200 “" in page.page.locator(".hs-read-said").inner_text()
    page.choose("head_view", "Where it matters")
    page.wait_text("view_positions", "Largest: L1H0 at")


def test_what_it_says_are_the_cores_numbers(view, scorer):
    live = view("logits")
    expected = logit_effects(scorer, INDUCTION)
    figure = "Array.from(gd.data.find(t => t.name === 'after').x)"
    after = live.of_figure("predictions-L1H0", figure)
    assert np.allclose(after, [100 * each.after for each in expected.predictions], atol=0.01)
    (by_target,) = live.of_figure("attributed-L1H0", "Array.from(gd.data[0].x)")
    assert abs(by_target - expected.attribution.target.heads[INDUCTION]) < 1e-3
    assert np.allclose(
        live.values_of("attribution-"), expected.attribution.difference.heads, atol=1e-3
    )
    assert "copying score is +" in live.text("view_logits")
    live.click_head("attribution-", 2, 1)
    live.wait_text("head_detail", "L2H1 ablated")


def test_where_it_matters_for_the_head_its_layer_and_the_model(view, scorer):
    live = view("positions")
    z = "Array.from(gd.data.find(t => t.type === 'heatmap').z, row => Array.from(row))"
    for scope, key, heads in (
        ("This head", "where-L1H0", [INDUCTION]),
        ("Its layer", "where-Its", [Head(1, head) for head in range(4)]),
        ("The whole model", "where-The", [Head(a, b) for a in range(3) for b in range(4)]),
    ):
        live.choose("where_scope", scope)
        live.wait_text("view_positions", "Positions do not add up")
        expected = list(iter_position_effects(scorer, heads))[-1][1].values("prob_change")
        assert np.allclose(live.of_figure(key, z), 100 * expected, atol=0.01)
    live.click_head("where-The", 0, 3)
    live.wait_text("head_detail", "L0H3 ablated")


def test_what_kind_it_is_and_what_its_loss_does_to_the_others(view, demo):
    live = view("scores", FEEDER)
    roles = run_to_end(measure_head_scores(demo))
    live.wait_text("view_scores", "before and after ablating L0H0")
    bars = live.of_figure("roles-L0H0", "Array.from(gd.data[0].x)")
    assert np.allclose(bars, [roles.values(role)[FEEDER] for role in roles.roles], atol=1e-3)
    assert (
        live.of_figure("roles-L0H0", "gd.layout.shapes.find(s => s.name === 'threshold').x0") == 0.4
    )

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
        assert np.allclose(
            live.values_of("feeds-", nth),
            values[:1],
            atol=1e-3,
        )
    ((head, change), *_) = found.strongest("key")
    assert head == FEEDER
    assert change < -0.4

    live.page.locator(".st-key-feed_query input").click()
    live.page.get_by_role("option", name=re.compile(r"^12 ")).click()
    live.settle()
    live.wait_text("view_path-patching", "L1H0 looks from 12 ␣quick")


def test_the_route_adds_up_and_the_kinds_stand_beside_it(view, scorer):
    live = view("direct-effect")
    found = direct_effect(scorer, INDUCTION)
    steps = live.of_figure("route-L1H0", "Array.from(gd.data[0].x)")
    assert np.allclose(
        steps[:3], [found.direct_frozen_norm, found.norm_part, found.downstream], atol=1e-3
    )
    assert abs(sum(steps[:3]) - steps[3]) < 1e-6
    kinds = live.of_figure("kinds-L1H0", "Array.from(gd.data[0].customdata)")
    assert kinds == ["mean across heads", "zero", "mean"]
    later = live.values_of("later-")
    assert np.allclose(later[2], found.later_heads[2], atol=1e-3)


def test_the_verdict_has_three_sentences_and_leads_to_its_figures(view):
    live = view("attention")
    said = live.page.locator(".st-key-verdict .hs-said")
    assert said.count() == 3
    effect = example.saved().effect(INDUCTION)
    assert f"{signed(100 * effect.prob_change)} pp" in said.nth(0).inner_text()
    assert "which says where it looks and not what it does here" in said.nth(1).inner_text()
    assert said.nth(2).inner_text().startswith("What weakens this: it is one prompt")
    live.click_button("trace_1_direct-effect")
    live.wait_text("view_direct-effect", "Change of log P(target) by route")
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
    shown = live.of_figure(f"attributed-{head.label}", "Array.from(gd.data[0].x)")
    by = logit_effects(Scorer(demo, spec), head).attribution
    expected = [values.heads[head] for values in (by.target, by.foil, by.difference)]
    assert np.allclose(shown, expected, atol=1e-3)
    assert abs(shown[0] - shown[1] - shown[2]) < 1e-3
