"""What stands around the heatmap: estimates, layer effects, the comparison of the kinds."""

import time
from itertools import combinations

import numpy as np
from support.held_server import ALL, HELD
from support.one_step_away import PROVENANCE

from core import SweepSpec, run_sweep
from core.demo import example
from core.results.agreement import agreement, with_kind
from core.results.leading import opening
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep.estimate.attribution import check_estimate
from core.sweep.estimate.preview import preview
from core.sweep.estimate.reliability import FEWEST
from core.sweep.scorer import Scorer
from core.text.numbers import share_of, signed

PROMPT = f"{HELD} dog bird cat dog bird"
SPEC = SweepSpec(model="demo", prompt=PROMPT, target=" cat")
CORRUPTED = "The quick brown cat jumps over the lazy dog. The quick brown fox"


def start(page):
    page.wait_live()
    page.type_prompt(SPEC.prompt)
    page.type("target", SPEC.target)
    with page.meanwhile():
        page.click_button("run")


def compare(page, panels):
    """Press the button; so many kinds are done then."""
    page.click_button("compare_kinds")
    assert n_compared(page) == panels


def compare_for_long(page, held):
    """Press the button, and nothing comes of it until the server is let go."""
    page.reach("compare_kinds")
    held.hold(0)
    page.click_button("compare_kinds")
    page.wait_text("progress", "zero:")


def n_compared(page):
    drawn = [t for t in page.figure("kinds")["data"] if t["type"] == "heatmap"]
    return len(drawn)


def trace(page, key, name):
    return next((t for t in page.figure(key)["data"] if t.get("name") == name), None)


def marks(page):
    """How many cells carry the estimate's mark."""
    return sum("≈" in cell.get("text", "") for cell in page.grid()["cells"])


def told(page, head):
    """What is said of a cell under the pointer."""
    return "\n".join(page.cell(*head)["told"])


def the_estimate_is_checked(page):
    """Beside how the rest was computed, once every head is in."""
    page.until(lambda: not page.session.shows("estimate"))
    with page.meanwhile():
        page.choose("detail", PROVENANCE)
    page.wait_text("estimate", "The first-order estimate made meanwhile")


def test_the_estimate_stands_at_once_and_exact_cells_take_its_place(open_page, held, demo):
    exact = run_sweep(demo, SPEC)
    estimate, metric = preview(Scorer(demo, SPEC)), opening(exact).metric
    held.hold(0)
    page = open_page(url=held.url)
    start(page)

    page.wait_text("estimate", "Estimated so far: 12 of 12 cells, hatched and marked ≈")
    page.until(lambda: marks(page) == 12)
    assert np.allclose(page.z(), metric.estimated(estimate), atol=0.02)
    assert "a first-order guess, not measured" in told(page, (1, 1))
    with page.meanwhile():
        page.click_cell(1, 1)
    page.wait_text("head_detail", "L1H1 has not been swept yet (estimated")
    assert page.outlined() == ["selected L1H1"]

    held.hold(FEWEST - 1)
    page.until(lambda: 0 < marks(page) < 12)
    left = marks(page)
    z = page.z()
    close = [abs(z[e.layer][e.head] - metric.value(e)) < 0.02 for e in exact.heads]
    assert sum(close) >= 12 - left

    held.hold(11)  # of this prompt it is far off, as the heads measured by now show
    page.wait_text("estimate", "cells stay blank until they are measured")
    assert marks(page) == 0
    blank = [cell for cell in page.grid()["cells"] if cell["value"] is None]
    assert len(blank) == 1
    assert "on the last 11 heads measured" in page.text("estimate")

    held.hold(ALL - 1)
    the_estimate_is_checked(page)
    page.until(lambda: marks(page) == 0)
    assert page.grid()["beside"] == "measured after the heads"

    held.hold(ALL)
    page.until(lambda: page.grid()["bars"] != [])
    page.settle()
    check = check_estimate(estimate, exact, metric.field)
    assert signed(check.correlation, 2) in page.text("estimate")
    head, guess, measured = check.worst[0]
    worst = (
        f"{head.label}: estimated {metric.text(metric.factor * guess)}, measured "
        f"{metric.quantity(metric.factor * measured)}"
    )
    assert worst in page.text("estimate")
    page.choose("metric", "KL")
    page.wait_text("estimate", "KL has no first-order estimate")


def test_a_comparison_can_be_stopped_and_finished(open_page, held):
    held.hold(ALL)
    page = open_page(url=held.url)
    start(page)
    the_estimate_is_checked(page)
    page.settle()
    with page.meanwhile():
        compare_for_long(page, held)
        page.click_button("cancel_kinds")
    page.settle()
    page.wait_text("compare_kinds", "Finish the comparison")
    held.hold(ALL)
    compare(page, panels=3)
    page.wait_gone("compare_kinds")


def test_a_dialog_hears_its_clicks_while_kinds_are_compared_and_stays_when_they_are(
    open_page, held
):
    held.hold(ALL)
    page = open_page(url=held.url)
    page.wait_live()
    page.type_prompt(f"{HELD} bird dog cat bird dog")
    page.type("target", " cat")
    page.run()
    with page.meanwhile():
        compare_for_long(page, held)
        page.click_button("name_run")
        page.fill("label_tags", ", ".join(map(str, range(30))))
        page.click_button("label_save")
        page.wait_error("at most 20 are kept")
        held.hold(ALL)
        time.sleep(1)  # the kinds are compared by then, and the page has news
        page.fill("label_tags", "heard")
        page.fill("label_title", "Meanwhile")
        page.click_button("label_save")
        page.wait_text("run_bar", "Meanwhile")
    page.settle()
    assert n_compared(page) == 3


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
    with page.meanwhile():
        page.choose("where_scope", "The whole model")
        page.wait_text("view_positions", "Largest so far:")
        page.until(lambda: page.shows("progress"))
        part = places(page)
        assert 0 < np.isfinite(part).sum() < part.size

        page.click_button("cancel_view")
    page.wait_text("view_positions", "Stopped: a part is in.")
    assert not page.shows("progress")
    page.wait_text("view_positions", "Largest so far:")

    held.hold(ALL)
    page.click_button("again_view")
    page.wait_text("view_positions", "Largest: ")
    assert np.isfinite(places(page)).all()


def places(page):
    """The values of the map of heads and positions; NaN where there is none yet."""
    traces = page.figure("where-The")["data"]
    return np.array(next(t["z"] for t in traces if t["type"] == "heatmap"), float)


def test_the_share_of_position_0_is_told_at_the_cell(live):
    head = example.saved().ranked()[1].address
    part = example.saved_layer_effects().share_of_first(example.saved(), head, "prob_change")
    assert f"at position 0 alone: {share_of(part, 'it')}" in told(live, head)


def test_one_click_compares_the_kinds(live, demo):
    compare(live, panels=3)
    live.wait_text("kinds", "Where they differ most")
    kinds = [kind for kind in AblationKind if not kind.traits.lacks]
    results = {kind: run_sweep(demo, with_kind(example.SPEC, kind)) for kind in kinds}
    found = agreement(results, "prob_change")
    words = live.text("kinds")
    for pair in combinations(kinds, 2):
        pairs = found.correlations[pair]
        assert (
            f"{signed(pairs.value, 2)} ({signed(pairs.of_largest, 2)}, {pairs.n_largest})" in words
        )
    assert "Not tried: resample, mean positional." in words
    address, values = found.disputed[0]
    assert " ".join([address.label, *(signed(100 * v) for v in values)]) in words
    missing = " ".join(each["text"] for each in live.figure("kinds")["layout"]["annotations"])
    assert "corrupted prompt" in missing
    assert "reference set" in missing
    for head in ((1, 1), (0, 2)):
        live.click_cell(*head)
        outlined = {each["name"] for each in live.figure("kinds")["layout"]["shapes"]}
        assert outlined == {f"selected {Head(*head).label}"}

    live.choose("ablation", "resample")
    live.type("corrupted_prompt", CORRUPTED)
    live.run()
    live.wait_text("provenance", "resample ablation")
    compare(live, panels=4)
    assert correlations(live).count("<tr>") == 4


def correlations(page):
    """The markup of the table of the kinds' rank correlations."""
    parts = [each for each in page.session.page.within("kinds") if each.kind == "html"]
    bodies = [each.content.html.body for each in parts]
    return next(body for body in bodies if 'class="hs-table"' in body)


def test_a_metric_is_of_the_map_and_of_the_head(live):
    live.choose("metric", "log odds")
    effect = example.saved().ranked("logodds_change")[0]
    assert abs(live.z()[effect.layer][effect.head] - effect.logodds_change) < 0.01
    assert Head(*effect.address).label in live.text("next")
