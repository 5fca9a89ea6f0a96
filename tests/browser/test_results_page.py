"""What stands around the heatmap: estimates, layer effects, the comparison of the kinds."""

from itertools import combinations

import numpy as np
import pytest
from support.held_server import ALL, HELD

from core import SweepSpec, run_sweep
from core.demo import example
from core.results.agreement import agreement, with_kind
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep.estimate.attribution import check_estimate
from core.sweep.estimate.preview import preview
from core.sweep.scorer import Scorer
from core.text.numbers import share, signed

PROMPT = f"{HELD} red green blue red green"
SPEC = SweepSpec(model="demo", prompt=PROMPT, target=" blue")
CORRUPTED = "The quick brown cat jumps over the lazy dog. The quick brown fox"


MARKS = """(() => {
  const plot = document.querySelector('.st-key-heatmap .js-plotly-plot');
  const marks = plot?.data?.find(t => t.name === 'numbers');
  if (!marks) return -1;
  return Array.from(marks.text).filter(t => t.includes('≈')).length;
})()"""
"""How many cells carry the estimate's mark; -1 while the plot is being drawn."""


def point_at(page, layer, head, told):
    """Move the pointer over a cell until its hover text says `told`."""
    x, y = page.at_rest(layer, head, 0.5, 0.5)
    page.page.mouse.move(x - 3, y - 3)
    page.page.mouse.move(x, y)
    page.page.wait_for_function(
        "told => document.querySelector('.st-key-heatmap .hoverlayer').textContent.includes(told)",
        arg=told,
    )


def start(page):
    page.wait_live()
    page.type_prompt(SPEC.prompt)
    page.type("target", SPEC.target)
    page.page.locator(".st-key-run button").click()


def compare(page, panels):
    """Press the button; wait until so many kinds are done. The first mean takes its time."""
    page.page.locator(".st-key-compare_kinds button").click()
    page.page.wait_for_function(
        "n => document.querySelector('.st-key-kinds .js-plotly-plot')"
        "?.data?.filter(t => t.type === 'heatmap').length === n",
        arg=panels,
        timeout=120_000,
    )


def test_the_estimate_stands_at_once_and_exact_cells_take_its_place(open_page, held, demo):
    exact = run_sweep(demo, SPEC)
    estimate = preview(Scorer(demo, SPEC))
    held.hold(0)
    page = open_page(url=held.url)
    start(page)

    page.wait_text("estimate", "Estimated so far: 12 of 12 cells, marked ≈")
    page.page.wait_for_function(f"{MARKS} === 12")
    assert np.allclose(page.z(), 100 * estimate.values("prob_change"), atol=0.02)
    point_at(page, 1, 1, "an estimate, not measured")
    page.page.mouse.down()
    page.page.mouse.up()
    page.wait_text("head_detail", "L1H1 has not been swept yet (estimated")
    assert page.outlined() == ["selected L1H1"]

    held.hold(11)
    page.page.wait_for_function(f"{MARKS} > 0 && {MARKS} < 12")
    left = page.page.evaluate(MARKS)
    z = page.z()
    close = [abs(z[e.layer][e.head] - 100 * e.prob_change) < 0.02 for e in exact.heads]
    assert sum(close) >= 12 - left

    held.hold(ALL - 1)
    page.wait_text("estimate", "The first-order estimate shown meanwhile")
    page.page.wait_for_function(f"{MARKS} === 0")
    assert page.plot("gd.layout.annotations[0].text") == "measured after<br>the heads"
    cells = page.at_rest(1, 1, 0.5, 0.5)

    held.hold(ALL)
    page.page.wait_for_function(
        "document.querySelector('.st-key-heatmap .js-plotly-plot')"
        "?.data?.some(t => t.name === 'attention')"
    )
    page.settle()
    before, after = cells[0], page.at_rest(1, 1, 0.5, 0.5)[0]
    assert after == before, "the layer effects move no cell"
    check = check_estimate(estimate, exact, "prob_change")
    assert signed(check.correlation, 2) in page.text("estimate")
    head, guess, measured = check.worst[0]
    worst = f"{head.label}: estimated {signed(100 * guess)}, measured {signed(100 * measured)} pp"
    assert worst in page.text("estimate")
    page.choose("metric", "KL")
    page.wait_text("estimate", "KL has no first-order estimate")


def test_a_comparison_can_be_stopped_and_finished(open_page, held):
    held.hold(ALL)
    page = open_page(url=held.url)
    start(page)
    page.wait_text("estimate", "The first-order estimate shown meanwhile")
    page.settle()
    held.hold(0)
    page.page.locator(".st-key-compare_kinds button").click()
    page.wait_text("progress", "zero:")
    page.page.locator(".st-key-cancel_kinds button").click()
    page.settle()
    page.wait_text("compare_kinds", "Finish the comparison")
    held.hold(ALL)
    compare(page, panels=3)
    page.settle()
    page.wait_gone("compare_kinds")


def test_a_map_of_positions_comes_in_part_by_part_and_can_be_stopped(open_page, held):
    held.hold(ALL)
    page = open_page(url=held.url)
    start(page)
    page.settle()
    page.wait_text("provenance", "BOS first")
    page.click_cell(1, 1)
    page.wait_text("verdict", "What weakens this")
    page.choose("head_view", "Where it matters")
    held.hold(0)
    page.page.locator(".st-key-where_scope button", has_text="The whole model").click()
    page.wait_text("view_positions", "Largest so far:")
    page.page.wait_for_selector(".st-key-progress")
    cells = "gd.data.find(t => t.type === 'heatmap').z.flatMap(row => Array.from(row))"
    part = page.of_figure("where-The", cells)
    assert 0 < sum(v is not None for v in part) < len(part)

    page.page.locator(".st-key-cancel_view button").click()
    page.wait_text("view_positions", "Stopped: a part is in.")
    assert page.page.query_selector(".st-key-progress") is None
    page.wait_text("view_positions", "Largest so far:")

    held.hold(ALL)
    page.page.locator(".st-key-again_view button").click()
    page.wait_text("view_positions", "Largest: ")
    assert None not in page.of_figure("where-The", cells)


@pytest.mark.parametrize("width", [800, 1440])
def test_a_click_beside_the_cells_selects_no_head(open_page, width):
    page = open_page(width=width)
    page.wait_live()
    n_layers, n_heads = example.saved().shape
    page.click_cell(1, n_heads - 1, 0.97, 0.5)
    page.wait_text("head_detail", f"L1H{n_heads - 1} ablated")
    for layer in (0, n_layers - 1):
        x, y = page.page.evaluate(
            """layer => {
              const gd = document.querySelector('.st-key-heatmap .js-plotly-plot');
              const box = gd.getBoundingClientRect(), l = gd._fullLayout;
              return [box.left + l.xaxis2._offset + 4,
                      box.top + l.yaxis._offset + l.yaxis.d2p(layer)];
            }""",
            layer,
        )
        page.page.mouse.move(x - 3, y)
        page.page.mouse.move(x, y)
        page.page.wait_for_function(
            "layer => document.querySelector('.st-key-heatmap .hoverlayer')"
            ".textContent.includes(`Layer ${layer} attention`)",
            arg=layer,
        )
        page.page.mouse.click(x, y)
        page.settle()
        assert page.outlined() == [f"selected L1H{n_heads - 1}"]
    page.click_cell(0, 0)
    page.wait_text("head_detail", "L0H0 ablated")


def test_the_share_of_position_0_is_told_at_the_cell(page):
    page.wait_live()
    head = example.saved().ranked()[1].address
    part = example.saved_layer_effects().share_of_first(example.saved(), head, "prob_change")
    assert f"at position 0 alone: {share(part)} of it" in page.hover_cell(*head)


def test_one_click_compares_the_kinds(page, demo):
    page.wait_live()
    compare(page, panels=3)
    page.wait_text("kinds", "Where they differ most")
    kinds = [kind for kind in AblationKind if not kind.traits.lacks]
    results = {kind: run_sweep(demo, with_kind(example.SPEC, kind)) for kind in kinds}
    found = agreement(results, "prob_change")
    words = page.text("kinds")
    for pair in combinations(kinds, 2):
        assert signed(found.correlations[pair], 2) in words
    address, values = found.disputed[0]
    assert " ".join([address.label, *(signed(100 * v) for v in values)]) in words
    missing = page.page.locator(".st-key-kinds .js-plotly-plot").evaluate(
        "gd => gd.layout.annotations.map(a => a.text).join(' ')"
    )
    assert "corrupted prompt" in missing
    assert "reference set" in missing

    page.choose("ablation", "resample")
    box = page.page.locator(".st-key-corrupted_prompt textarea, .st-key-corrupted_prompt input")
    box.first.fill(CORRUPTED)
    box.first.press("Control+Enter")
    page.settle()
    page.run()
    page.wait_text("provenance", "resample ablation")
    compare(page, panels=4)
    page.settle()
    assert page.page.locator(".st-key-kinds .hs-table").first.locator("tr").count() == 4


def test_every_metric_fits_beside_its_title(open_page):
    page = open_page(width=800)
    page.wait_live()
    page.choose("metric", "log odds")
    effect = example.saved().ranked("logodds_change")[0]
    assert abs(page.z()[effect.layer][effect.head] - effect.logodds_change) < 0.01
    assert Head(*effect.address).label in page.text("head_detail")
    switch = page.page.locator(".st-key-metric").bounding_box()
    plot = page.page.locator(".st-key-heatmap").bounding_box()
    assert switch["x"] + switch["width"] <= plot["x"] + plot["width"] + 1
