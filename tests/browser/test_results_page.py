"""What only a browser shows around the heatmap: what is under the pointer, and where things lie.

What needs no browser is in tests/served/test_results_page.py.
"""

from support.held_server import ALL, HELD

from core import SweepSpec
from core.demo import example
from core.exports import links
from core.text.numbers import share_of

SPEC = SweepSpec(model="demo", prompt=f"{HELD} blue red green blue red", target=" green")

MARKS = """Array.from(document.querySelectorAll('.hs-cell-text'))
  .filter(text => text.innerText === '≈').length"""
"""How many cells carry the estimate's mark."""


def point_at(page, layer, head, told):
    """Move the pointer over a cell, of which `told` is said."""
    x, y = page.at_rest(layer, head, 0.5, 0.5)
    page.page.mouse.move(x - 3, y - 3)
    page.page.mouse.move(x, y)
    assert told in page.tip()


def test_an_estimate_is_told_and_clicked_as_any_cell_and_the_layers_move_none(new_tab, held):
    held.hold(0)
    page = new_tab()
    page.page.goto(f"{held.url}/?{links.query_of(links.to_params(SPEC))}")
    page.wait_text("estimate", "Estimated so far: 12 of 12 cells, hatched and marked ≈")
    page.page.wait_for_function(f"{MARKS} === 12")
    point_at(page, 1, 1, "a first-order guess, not measured")
    page.page.mouse.down()
    page.page.mouse.up()
    page.wait_text("head_detail", "L1H1 has not been swept yet (estimated")
    assert page.outlined() == ["selected L1H1"]

    held.hold(ALL - 1)
    page.page.wait_for_function(f"{MARKS} === 0")
    cells = page.at_rest(1, 1, 0.5, 0.5)
    held.hold(ALL)
    page.page.locator(".hs-bar.attention").first.wait_for()
    page.settle()
    before, after = cells[0], page.at_rest(1, 1, 0.5, 0.5)[0]
    assert after == before, "the layer effects move no cell"


def test_the_pointer_at_a_cell_and_clicks_beside_the_cells_at_either_width(live):
    head = example.saved().ranked()[1].address
    part = example.saved_layer_effects().share_of_first(example.saved(), head, "prob_change")
    assert f"at position 0 alone: {share_of(part, 'it')}" in live.hover_cell(*head)

    n_layers, n_heads = example.saved().shape
    live.click_cell(1, n_heads - 1, 0.97, 0.5)
    live.wait_text("head_detail", f"L1H{n_heads - 1} ablated")
    a_click_beside_the_cells_selects_no_head(live, 0)
    live.resize(800)
    a_click_beside_the_cells_selects_no_head(live, n_layers - 1)
    live.click_cell(0, 0)
    live.wait_text("head_detail", "L0H0 ablated")
    switch = live.page.locator(".st-key-metric").bounding_box()
    plot = live.page.locator(".st-key-heatmap").bounding_box()
    assert switch["x"] + switch["width"] <= plot["x"] + plot["width"] + 1
    live.choose("metric", "log odds")
    effect = example.saved().ranked("logodds_change")[0]
    assert abs(live.z()[effect.layer][effect.head] - effect.logodds_change) < 0.01


def a_click_beside_the_cells_selects_no_head(page, layer):
    selected = page.outlined()
    page.page.locator(f'.hs-grid-bars[data-layer="{layer}"]').hover(position={"x": 4, "y": 20})
    assert f"Layer {layer} attention" in page.tip()
    page.page.mouse.down()
    page.page.mouse.up()
    page.settle()
    assert len(selected) == 1
    assert page.outlined() == selected
