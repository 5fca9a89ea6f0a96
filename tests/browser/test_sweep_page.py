"""Typing, sweeping, clicking: the main job in a real browser."""

import math

import pytest

from core import SweepSpec, run_sweep
from core.demo import example
from core.spec.heads import Head


def strongest(n: int = 2) -> list[Head]:
    return [effect.address for effect in example.saved().ranked()[:n]]


def test_a_click_selects_another_moves_and_a_second_lets_go(live):
    first, second = strongest()
    live.click_cell(*first)
    live.wait_text("head_detail", f"{first.label} ablated")
    assert live.outlined() == [f"selected {first.label}"]

    live.click_cell(*second)
    live.wait_text("head_detail", f"{second.label} ablated")
    assert live.outlined() == [f"selected {second.label}"]

    live.click_cell(*second)
    live.wait_text("head_detail", "Click a cell")
    assert live.outlined() == []


@pytest.mark.parametrize("width", [800, 1440])
def test_every_point_of_a_cell_belongs_to_it(open_page, width):
    page = open_page(width=width)
    page.wait_live()
    shape = example.saved().shape
    for head, fx, fy in (
        (Head(0, 0), 0.04, 0.06),
        (Head(shape[0] - 1, shape[1] - 1), 0.96, 0.94),
        (Head(1, 1), 0.06, 0.94),
    ):
        page.click_cell(*head, fx, fy)
        page.wait_text("head_detail", f"{head.label} ablated")
        page.click_button("clear_head")


def test_the_unselect_button_lets_go(live):
    head = strongest()[0]
    live.click_cell(*head)
    live.wait_text("head_detail", head.label)
    live.click_button("clear_head")
    live.wait_text("head_detail", "Click a cell")
    assert live.outlined() == []


def test_hovering_tells_the_head_before_after_and_change(live):
    effect = example.saved().ranked()[0]
    label = live.hover_cell(*effect.address)

    assert effect.address.label in label
    assert f"{100 * example.saved().baseline.prob:.1f} %" in label
    assert f"{abs(100 * effect.prob_change):.1f} pp" in label


def test_a_prompt_of_ones_own_is_swept_to_the_engines_numbers(live, demo):
    prompt = "When Tom and Anna went to the park, Tom gave the ball to"
    live.type_prompt(prompt)
    live.type("target", " Anna")
    live.choose("ablation", "zero")
    live.run()

    live.wait_text("baseline", "Anna")
    expected = run_sweep(
        demo, SweepSpec(model="demo", prompt=prompt, target=" Anna", ablation="zero")
    )
    z = live.z()
    for effect in expected.heads:
        assert math.isclose(z[effect.layer][effect.head], 100 * effect.prob_change, abs_tol=0.02)


def test_the_strip_follows_the_typing_without_leaving_the_box(live):
    box = live.page.locator(".st-key-prompt textarea")
    box.press("End")
    box.press_sequentially(" over", delay=20)
    live.page.wait_for_function(
        "Array.from(document.querySelectorAll('.hs-tok')).map(t => t.innerText)"
        ".slice(-2)[0] === '␣over'"
    )
    assert live.page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_changed_inputs_are_never_shown_beside_old_results_without_a_word(live):
    live.type_prompt("One two three four. One two three")
    live.wait_text("situation", "The inputs have changed")
    assert "The quick brown fox" in live.text("situation")
    live.type("target", " four")
    live.run()


def test_going_back_is_instant_and_needs_no_run(live):
    live.type_prompt("red blue green red blue")
    live.type("target", " green")
    live.run()
    live.wait_text("baseline", "green")
    live.type_prompt(example.SPEC.prompt)
    live.type("target", " jumps")
    live.wait_text("baseline", "jumps")
    live.wait_gone("situation")


def test_metrics_switch_scale_and_unit(live):
    expected = example.saved()
    heatmap = "gd.data.find(t => t.type === 'heatmap')"
    live.choose("metric", "log prob")
    effect = expected.ranked("logprob_change")[0]
    assert math.isclose(live.z()[effect.layer][effect.head], effect.logprob_change, rel_tol=1e-2)
    live.choose("metric", "KL")
    assert live.plot(f"{heatmap}.zmin") == 0
    assert min(min(row) for row in live.z()) >= 0
    assert live.plot(f"{heatmap}.colorbar.title.text") == "nats"


def test_logit_difference_asks_for_a_foil_and_offers_the_strongest_rival(live):
    live.choose("metric", "logit diff")
    live.wait_text("heatmap", "no foil")
    live.click_button("use_rival")
    live.run()
    live.wait_heatmap()
    live.wait_text("baseline", "logit diff")
    assert any(abs(v) > 0.1 for row in live.z() for v in row)


def test_a_target_without_its_space_is_offered_with_it(live):
    live.type("target", "jumps")
    live.click_button("space-target")
    live.wait_value("target", " jumps")


def test_the_models_own_predictions_are_targets_one_click_away(live):
    live.click_button("guess-1")
    live.wait_value("target", example.saved().baseline.top[1][0])


def test_the_ranking_selects_by_keyboard_and_keeps_the_focus(live):
    live.page.get_by_role("tab", name="Ranking").click()
    first, second = strongest()
    canvas = live.page.locator(".st-key-ranking canvas").first
    box = canvas.bounding_box()
    live.page.mouse.click(box["x"] + 40, box["y"] + 55)
    live.wait_text("head_detail", f"{first.label} ablated")
    live.page.keyboard.press("ArrowDown")
    live.wait_text("head_detail", f"{second.label} ablated")
    assert live.outlined() == [f"selected {second.label}"]


def test_two_tabs_do_not_disturb_each_other(open_page):
    one, two = open_page(), open_page()
    one.wait_live()
    two.wait_live()
    one.type_prompt("cat dog bird cat dog")
    one.type("target", " bird")
    one.run()
    two.click_cell(*strongest()[0])
    two.wait_text("head_detail", strongest()[0].label)

    assert "bird" in one.text("baseline")
    assert "jumps" in two.text("baseline")
    assert one.outlined() == []
    assert "Click a cell" in one.text("head_detail")
