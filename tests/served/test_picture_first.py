"""The picture first: the composer is a line, a head stands beside the map, details a step on."""

import re
from dataclasses import replace

from support.addresses import address

from components.widgets.tour.steps import INDUCTION, PREVIOUS, STEPS
from core import run_sweep
from core.circuits.head_scores import THRESHOLD
from core.circuits.measure_scores import measure_head_scores
from core.demo import example
from core.progress import run_to_end
from core.spec.ablation import AblationKind


def test_the_composer_is_one_line_until_something_is_to_be_done_in_it(live):
    assert live.shows("edit")
    assert not live.shows("prompt")
    assert "␣fox → ␣jumps demo · mean-across-heads ablation" in live.session.text("composer")

    live.click_button("edit")
    live.type("target", " over")
    assert live.shows("prompt"), "who has opened it goes on typing"
    live.click_button("fold")
    assert not live.shows("prompt")
    assert "→ ␣over" in live.session.text("composer"), "what is typed stays"
    live.wait_banner("The inputs have changed")
    live.click_button("run")
    assert not live.shows("prompt")
    assert live.banners() == ""
    assert "␣over" in live.text("headline")

    live.click_button("edit")
    live.type("target", "")
    assert live.is_disabled("fold"), "what is wrong stands where it was entered"
    assert live.is_disabled("run")


def test_a_press_of_sweep_is_not_lost_though_another_run_of_the_page_comes_first(live):
    live.click_button("edit")
    live.type("target", " over")
    with live.meanwhile():
        live.press("run")
        live.choose("metric", "KL")
    live.settle()
    live.wait_gone("situation")
    assert "→ ␣over" in live.session.text("composer")
    assert "P( ␣over )" in live.text("baseline")
    assert live.pressed("metric") == ["KL"]


def test_a_link_that_is_not_swept_opens_the_composer(new_tab, server):
    page = new_tab(server)
    page.visit(address(server, replace(example.SPEC, model="org/none", target=" lazy")))
    assert page.shows("prompt")
    assert not page.shows("edit")


def test_only_the_detail_that_is_asked_for_is_on_the_page(live):
    assert not live.session.shows("ranking")
    for title, key in (
        ("Every head as a table", "ranking"),
        ("Do the kinds of ablation agree?", "kinds"),
        ("How this was computed", "provenance"),
    ):
        live.choose("detail", title)
        shown = [k for k in ("ranking", "kinds", "provenance") if live.session.shows(k)]
        assert shown == [key]


def test_a_head_takes_the_findings_place_and_offers_what_comes_next(live):
    live.click_cell(*INDUCTION)
    assert not live.shows("findings")
    assert "What feeds L1H0?" in live.text("next")
    live.click_button("next_feeds")
    assert live.pressed("head_view") == ["What feeds it"]
    assert not live.shows("next_feeds")
    live.click_button("next_hypothesis")
    assert live.typed("heads") == "L1H0"
    live.go("Sweep")
    live.click_button("clear_head")
    assert live.shows("findings")


def test_the_strongest_heads_are_looked_at_under_the_mean_too_unless_that_is_unwanted(live, demo):
    second = run_sweep(demo, replace(example.SPEC, ablation=AblationKind.MEAN))
    label = example.saved().ranked()[0].address.label
    change = 100 * second.ranked()[0].prob_change
    said = live.text("second_kind")
    assert said.startswith("Under mean ablation the strongest heads hold")
    assert f"{label} (" in said
    assert f"→ {change:.1f} pp".replace("-", "−") in said.replace("\u202f", " ")
    live.go("History")
    live.switch("history_mine")
    assert "demo · mean ablation" not in live.text("history"), "nobody has asked for it"
    live.go("Sweep")
    live.click_button("edit")
    live.switch("only_this_kind")
    assert not live.shows("second_kind")


def test_the_tour_says_what_is_on_screen_and_ends(live, demo):
    live.click_button("tour_begin")
    assert "84.5 %" in live.text("tour")
    for number, step in enumerate(STEPS[1:], start=2):
        live.click_button("tour_next")
        assert f"{step.title} {number} of {len(STEPS)}" in live.text("tour")
        assert live.outlined() == ([] if step.head is None else [f"selected {step.head.label}"])
        if step.head == INDUCTION and number == 3:
            assert "it puts 100 % of its attention on ␣jumps" in live.text("tour")
        if number == 5:
            cost = re.search(r"changes by −([\d.]+) pp to −([\d.]+) pp", live.text("tour"))
            alone = [-100 * e.prob_change for e in example.saved().heads if e.layer == 1]
            assert [float(n) for n in cost.groups()] == [round(min(alone), 1), round(max(alone), 1)]
    live.click_button("tour_leave")
    assert not live.shows("tour")

    scores = run_to_end(measure_head_scores(demo))
    assert scores.values("induction")[INDUCTION] > THRESHOLD
    assert scores.values("previous token")[PREVIOUS] > THRESHOLD
    assert min(scores.values("induction")[INDUCTION.layer]) > THRESHOLD, "all of them look so"


def test_the_tour_is_of_the_first_example_alone(live):
    live.click_button("tour_begin")
    live.type("target", " over")
    live.run()
    assert not live.shows("tour")
    assert not live.shows("tour_offer")
