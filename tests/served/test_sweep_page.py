"""Typing, sweeping, clicking: the main job."""

import math

from support import heatmaps

from core import SweepSpec, run_sweep
from core.demo import example
from core.spec.heads import Head


def strongest(n: int = 2) -> list[Head]:
    return [effect.address for effect in example.saved().ranked()[:n]]


def test_a_click_selects_another_moves_and_a_second_changes_nothing(live):
    first, second = strongest()
    live.click_cell(*first)
    live.wait_text("head_detail", f"{first.label} ablated")
    assert live.outlined() == [f"selected {first.label}"]

    live.click_cell(*second)
    live.wait_text("head_detail", f"{second.label} ablated")
    assert live.outlined() == [f"selected {second.label}"]

    live.click_cell(*second)
    live.wait_text("head_detail", f"{second.label} ablated")
    assert live.outlined() == [f"selected {second.label}"]


def test_the_unselect_button_lets_go(live):
    head = strongest()[0]
    live.click_cell(*head)
    live.wait_text("head_detail", head.label)
    live.click_button("clear_head")
    live.wait_text("next", "Click a cell")
    assert live.outlined() == []


def test_a_prompt_of_ones_own_is_swept_to_the_engines_numbers(live, demo):
    prompt = "When Tom and Anna went to the park, Tom gave the ball to"
    live.type_prompt(prompt)
    live.type("target", " Anna")
    live.choose("ablation", "zero")
    live.run()

    live.wait_text("baseline", "Anna")
    spec = SweepSpec(model="demo", prompt=prompt, target=" Anna", ablation="zero")
    heatmaps.shows(live, run_sweep(demo, spec))


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
    live.choose("metric", "log prob")
    effect = expected.ranked("logprob_change")[0]
    assert math.isclose(live.z()[effect.layer][effect.head], effect.logprob_change, rel_tol=1e-2)
    live.choose("metric", "KL")
    scale = live.grid()["scale"]
    assert scale["ends"][0] == 0
    assert min(min(row) for row in live.z()) >= 0
    assert scale["unit"] == "nats"


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
    assert one.outlined() == []
    assert "Click a cell" in one.text("next")
    two.click_button("clear_head")
    assert "jumps" in two.text("baseline")
