"""A hypothesis: picked, locked, tested, and tried for sufficiency."""

from dataclasses import replace

import numpy as np
import pytest

from core.circuits.dose import measure_dose
from core.demo import example
from core.hypotheses.held_out import held_out
from core.hypotheses.interactions import interactions
from core.hypotheses.joint import joint_test
from core.hypotheses.joint_words import comparison_words, pair_words, redundancy_words
from core.hypotheses.keep_only import keep_only, keep_only_spec
from core.hypotheses.parse_heads import heads_text
from core.hypotheses.relation import Relation
from core.hypotheses.search import greedy
from core.hypotheses.search_words import search_words
from core.progress import run_to_end
from core.spec.ablation import AblationKind
from core.spec.heads import Head, all_heads
from core.spec.members import Mlp
from core.sweep.scorer import Scorer
from core.text.numbers import percent, share, signed

INDUCTION = tuple(Head(1, head) for head in range(4))
PAIR = (Head(0, 1), Head(1, 2))


@pytest.fixture(scope="module")
def scorer(demo):
    return Scorer(demo, example.SPEC)


@pytest.fixture(scope="module")
def keeper(demo):
    return Scorer(demo, keep_only_spec(example.SPEC))


def predict(page, outcome, percent_left):
    page.choose("outcome", outcome)
    page.type("predicted", str(percent_left))


def lock(page):
    page.click_button("lock")
    page.wait_text("hypothesis_verdict", "Measured")
    page.settle()


def picked(page):
    """The grid's cells: 1 for a head of the hypothesis."""
    return page.figure("pick-")["data"][0]["z"]


def test_from_the_heatmap_to_the_head_to_the_hypothesis(live, scorer):
    for head in PAIR:
        live.click_cell(*head)
        live.wait_text("head_detail", f"{head.label} ablated")
        live.click_button("add_to_hypothesis")
        live.wait_text("add_to_hypothesis", "In the hypothesis")
    live.go("Hypothesis")
    live.wait_value("heads", heads_text(PAIR))
    live.wait_text("statement", "the verdict will say “after looking”")
    predict(live, "leaves it standing", 80)
    lock(live)

    found = run_to_end(joint_test(scorer, PAIR))
    said = live.text("hypothesis_verdict")
    broke = found.joint.prob <= found.baseline.prob / 2 or found.joint.rank > 1
    assert f"It {'broke' if broke else 'held'}: you were {'wrong' if broke else 'right'}" in said
    assert f"{percent(found.baseline.prob)} → {percent(found.joint.prob)}" in said
    assert "Predicted after looking, at 20" in said
    assert f"off by {signed(100 * (found.joint.prob - 0.8))} pp" in said

    others = live.figure("other_sets")["data"][0]["x"]
    assert np.allclose(sorted(others), sorted(o.change for o in found.others), atol=1e-3)
    assert len(others) == 9, "3 x 3 heads of these layers are left"
    panel = live.text("outcome_panel")
    assert comparison_words(found) in panel
    assert "lowest of 10: this set and all 9 others" in panel
    assert "not a p-value" in panel
    bars = live.figure("redundancy")["data"][0]["x"]
    assert np.allclose(bars[2:], [found.sum_of_singles, found.change], atol=1e-3)


def test_before_looking_by_role_and_pairs_that_back_each_other_up(fresh, scorer):
    assert "after looking" not in fresh.text("statement")
    assert fresh.is_disabled("lock")
    assert "Still to say: heads" in fresh.text("statement")
    fresh.click_button("role-induction")
    fresh.wait_value("heads", heads_text(INDUCTION))
    assert picked(fresh) == [[0] * 4, [1] * 4, [0] * 4]
    predict(fresh, "breaks it", 5)
    lock(fresh)

    found = run_to_end(joint_test(scorer, INDUCTION))
    assert "It broke: you were right" in fresh.text("hypothesis_verdict")
    assert "Predicted before looking" in fresh.text("hypothesis_verdict")
    assert "before looking" in fresh.text("under_test")
    assert "There is no other set" in fresh.text("outcome_panel")
    assert redundancy_words(found) in fresh.text("outcome_panel")
    assert found.relation is Relation.BACKUP
    pairs = run_to_end(interactions(scorer, INDUCTION))
    fresh.wait_text("outcome_panel", "Pair by pair")
    z = fresh.figure("pairs")["data"][0]["z"]
    for (row, column), value in np.ndenumerate(pairs.values):
        assert z[row][column] is None if row == column else abs(z[row][column] - value) < 1e-3
    said = fresh.text("outcome_panel")
    for pair in pairs.pairs:
        assert (pair_words(pair) in said) == (pair.relation is not Relation.ADDITIVE)
    assert "back each other up (outlined): losing all costs more" in said

    fresh.click_button("new_hypothesis")
    fresh.wait_value("heads", heads_text(INDUCTION))
    fresh.wait_text("statement", "the verdict will say “after looking”")


def test_keeping_them_alone_and_the_search_for_a_small_set(fresh, keeper):
    fresh.type("heads", "l1h0; 1.2")
    predict(fresh, "leaves it standing", 60)
    lock(fresh)
    assert "Measured under mean ablation" in fresh.text("sufficiency")
    fresh.click_button("keep_only")
    heads = (Head(1, 0), Head(1, 2))
    kept = run_to_end(keep_only(keeper, heads))
    fresh.wait_text("kept", f"{percent(kept.baseline.prob)} → {percent(kept.effect.prob)}")
    assert kept.faithfulness < 0
    said = "recovers nothing: it ends further from the clean run than with all heads ablated ("
    assert f"{said}{share(kept.faithfulness)} of what that loses" in fresh.text("kept")
    assert percent(kept.empty.prob) in fresh.text("kept")

    fresh.click_button("set_dose")
    dose = run_to_end(measure_dose(Scorer(keeper.model, example.SPEC), heads))
    fresh.wait_text("set_dose_curves", f"as it is, {percent(dose.baseline.prob)}")
    drawn = fresh.figure("dose-prob-L1H0-L1H2")["data"][0]
    assert np.allclose(drawn["y"], [100 * effect.prob for effect in dose.effects], atol=0.05)

    fresh.click_button("find_smallest")
    fresh.wait_text("found_set", "Both ways are greedy")
    *_, found = greedy(keeper)
    for drawn, trail in zip(fresh.figure("search_curve")["data"], found.trails, strict=True):
        assert np.allclose(drawn["y"], [100 * part for part in found.curve(trail)], atol=0.05)
    assert " ".join(search_words(found)) == fresh.text("found_set")
    assert fresh.rows("variants")

    fresh.type("enough", "50")
    *_, half = greedy(keeper, enough=0.5)
    assert len(half.heads) < len(found.heads)
    fresh.wait_text("found_set", f"Found {len(half.heads)} heads")


def test_variants_of_ones_own_are_tried_on_the_set_found(fresh, demo, keeper):
    fresh.type("heads", "L1H0")
    predict(fresh, "leaves it standing", 60)
    lock(fresh)
    fresh.click_button("find_smallest")
    fresh.wait_text("found_set", "Both ways are greedy")
    assert len(fresh.rows("variants")) == 5

    pairs = [("A small bird sings over the river. A small bird", " sings"), ("once a", " day")]
    fresh.type("own_variants", f"{pairs[0][0]} =>{pairs[0][1]}\n\n{pairs[1][0]} => ␣day")
    *_, found = greedy(keeper)
    spec = keep_only_spec(example.SPEC)
    own = [replace(spec, prompt=prompt, target=target) for prompt, target in pairs]
    expected = run_to_end(held_out(demo, spec, found.heads, own))
    rows = fresh.rows("variants")
    assert len(rows) == 7
    assert [row[:2:-1] for row in rows[5:]] == [(p, t.replace(" ", "␣")) for p, t in pairs]
    for row, one in zip(rows[5:], expected, strict=True):
        kept = one.kept
        measured = [kept.prob_share, kept.baseline.prob, kept.effect.prob]
        assert np.allclose(row[:3], 100 * np.array(measured), atol=0.051)
    fresh.wait_text("variants", " of 7: there the target is at rank 1 with at least 100")

    bad = f"{pairs[0][0]} => sings\nno <b>arrow</b> here"
    fresh.type("own_variants", bad)
    fresh.wait_text("own", "Line 2, 'no <b>arrow</b> here': write the prompt, then =>")
    assert "no &lt;b&gt;arrow&lt;/b&gt; here" in fresh.html()
    assert len(fresh.rows("variants")) == 5
    fresh.go("Sweep")
    fresh.wait_heatmap()
    fresh.go("Hypothesis")
    fresh.wait_text("own", "Line 2")
    assert fresh.typed("own_variants") == bad
    fresh.type("own_variants", "")
    assert "Line 2" not in fresh.text("own")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("L9H0", "L9H0"),
        ("the usual ones", "the"),
        ("<b>L0H0</b>", "<b>L0H0</b>"),
    ],
)
def test_heads_that_cannot_be_read_are_said_where_they_were_typed(fresh, typed, said):
    fresh.type("heads", typed)
    fresh.wait_error(said)
    assert "<b>L0H0" not in fresh.html()
    assert fresh.is_disabled("lock")
    assert fresh.typed("heads") == typed


def test_what_was_typed_and_tested_survives_another_page(fresh):
    fresh.type("heads", "L0H0")
    predict(fresh, "breaks it", 3)
    fresh.go("Sweep")
    fresh.wait_heatmap()
    fresh.go("Hypothesis")
    fresh.wait_value("heads", "L0H0")
    assert fresh.typed("predicted") == "3"
    fresh.wait_text("statement", "the verdict will say “with the front page’s numbers on screen”")
    lock(fresh)
    before = fresh.text("hypothesis_verdict")
    fresh.go("Patching")
    fresh.go("Hypothesis")
    fresh.wait_text("hypothesis_verdict", "Measured")
    assert fresh.text("hypothesis_verdict") == before


def test_a_resampled_hypothesis_without_a_corrupted_prompt_says_what_is_missing(fresh):
    fresh.choose("ablation", "resample")
    fresh.wait_text("statement", "The inputs above need a correction first")
    fresh.choose("ablation", "zero")
    fresh.wait_text("statement", "Heads to ablate")


def test_all_heads_at_once_is_a_set_too(fresh, scorer):
    fresh.type("heads", heads_text(all_heads(3, 4)))
    predict(fresh, "breaks it", 0)
    lock(fresh)
    panel = fresh.text("outcome_panel")
    assert "There is no other set" in panel
    assert "Pairs are measured for up to 10 heads; these are 12" in panel
    assert "It broke: you were right" in fresh.text("hypothesis_verdict")
    fresh.click_button("keep_only")
    fresh.wait_text("kept", "84.5 % → 84.5 %")
    assert scorer.prepared.spec.ablation is AblationKind.MEAN_ACROSS_HEADS


def test_an_mlp_in_a_set_is_tested_with_the_heads(fresh, demo):
    """Typed beside heads; a click in the grid leaves it there."""
    fresh.type("heads", "L1H0, MLP1")
    fresh.wait_error("An MLP has no heads to average over")
    fresh.choose("ablation", "zero")
    predict(fresh, "breaks it", 0)
    lock(fresh)
    members = (Head(1, 0), Mlp(1))
    found = run_to_end(joint_test(Scorer(demo, replace(example.SPEC, ablation="zero")), members))
    panel = fresh.text("outcome_panel")
    assert f"{percent(found.baseline.prob)} → {percent(found.joint.prob)}" in panel
    assert "L1H0, MLP1 ablated at once" in panel
    assert comparison_words(found) in panel
    fresh.click_button("keep_only")
    fresh.wait_text("kept", "With every head and MLP ablated")


def test_a_target_that_is_not_first_has_nothing_to_break_and_no_small_set(fresh):
    fresh.type("target", " walked")
    fresh.wait_text("statement", "there is no answer to break")
    fresh.type("heads", "L1H0")
    predict(fresh, "breaks it", 0)
    lock(fresh)
    said = fresh.text("hypothesis_verdict")
    assert "Nothing to break: rank 2 with every head" in said
    assert "it broke" not in said
    fresh.click_button("find_smallest")
    fresh.wait_text("found_set", "Nothing was searched: with every head in place the target is at ")
    assert "so there is no answer to keep" in fresh.text("found_set")
