"""Two runs beside each other in a real browser."""

from dataclasses import replace

import numpy as np
import pytest

from core import load_model, run_sweep
from core.demo import example
from core.exports import links
from core.results.comparison import compare
from core.results.metrics import BY_FIELD
from core.spec.ablation import AblationKind
from core.store.connect import default_url
from core.store.store import Store
from core.text.numbers import signed

PROMPT = "The cat sat on the mat. The cat sat on the"
SPECS = (
    replace(example.SPEC, prompt=PROMPT, target=" mat"),
    replace(example.SPEC, prompt=PROMPT, target=" mat", ablation=AblationKind.ZERO),
)


@pytest.fixture(scope="module")
def runs(demo, checkpoint):
    """Two sweeps of the embedded model, and one of a model with another shape."""
    folder = str(checkpoint("bloom-six-heads"))
    tiny = load_model(folder, device="cpu")
    other = replace(example.SPEC, model=folder, target=" fox")
    return [*(run_sweep(demo, spec) for spec in SPECS), run_sweep(tiny, other)]


@pytest.fixture
def kept(runs, elsewhere, elsewhere_folder):
    """Their names. They are deleted in between: what comes back is first on History."""
    store = Store(default_url(elsewhere_folder))
    ids = [store.keep(result) for result in runs]
    yield ids
    store.delete(ids)
    store.close()


@pytest.fixture
def here(kept, elsewhere):
    """Where they are kept."""
    return elsewhere


@pytest.fixture
def compared(new_tab, here, kept):
    """Both sweeps chosen on History, and Compare pressed."""
    page = new_tab()
    page.visit(f"{here}/history")
    choose_two(page, kept[0], kept[1])
    page.wait_text("comparison", "Heads that moved most")
    page.settle()
    return page


def choose_two(page, *ids):
    for run_id in ids:
        page.page.locator(f'[class*="st-key-pick_{run_id}"] label').first.click()
        page.settle()
    page.click_button("compare_runs")


def is_shown(page, one, other, metric="prob_change", factor=100.0):
    found = compare(one, other, metric)
    # Two metrics may have one correlation: the heading tells that the page is drawn anew.
    page.wait_text("comparison", f"{BY_FIELD[metric].title}, in A and in B")
    page.wait_text(
        "comparison",
        f"Spearman): {signed(found.signed_correlation, 2)} with their sign, "
        f"{signed(found.size_correlation, 2)} by size alone",
    )
    page.settle()
    for panel, values in enumerate((found.one, found.other, found.difference)):
        shown = np.array(page.values_of("comparison_maps", panel))
        assert np.allclose(shown, factor * values, atol=1e-3)
    points = page.of_figure(
        "comparison_scatter", "[Array.from(gd.data[0].x), Array.from(gd.data[0].y)]"
    )
    assert np.allclose(sorted(points[0]), np.sort(factor * found.one.ravel()), atol=1e-3)
    assert np.allclose(sorted(points[1]), np.sort(factor * found.other.ravel()), atol=1e-3)
    for head in found.shared:
        assert head.label in page.text("comparison")


def sides():
    return links.to_params(SPECS[0], "a.") | links.to_params(SPECS[1], "b.")


OUTLINES = "(gd.layout.shapes || []).map(s => s.name).filter(n => n?.startsWith('selected'))"


def test_two_chosen_runs_are_compared_head_by_head(compared, runs):
    one, other, _ = runs
    is_shown(compared, one, other)
    compared.wait_address(sides())
    assert "demo" in compared.text("comparison")

    best = compare(one, other, "prob_change").moved[0].head
    compared.click_head("comparison_maps", *best)
    compared.wait_address(sides() | {"head": [best.label]})
    assert compared.of_figure("comparison_maps", OUTLINES) == [f"selected {best.label}"] * 3
    assert f"<b>{best.label}</b>" in compared.of_figure(
        "comparison_scatter", "gd.layout.annotations.map(a => a.text)"
    )
    compared.page.wait_for_timeout(1600)
    compared.page.go_back()
    compared.wait_address(sides())
    compared.settle()
    assert compared.of_figure("comparison_maps", OUTLINES) == []

    compared.choose("metric", "KL")
    is_shown(compared, one, other, "kl", 1.0)
    compared.choose("metric", "prob")
    is_shown(compared, one, other)
    compared.click_button("swap_sides")
    compared.wait_address(links.to_params(SPECS[1], "a.") | links.to_params(SPECS[0], "b."))
    is_shown(compared, other, one)


def test_its_address_opens_the_same_in_a_new_session_and_elsewhere(compared, new_tab, here,
                                                                  server, runs):  # fmt: skip
    compared.choose("metric", "log prob")
    compared.click_head("comparison_scatter", 1, 1)
    params = sides() | {"metric": ["log prob"], "head": ["L1H1"]}
    compared.wait_address(params)
    query = compared.query()
    for url in (here, server):  # on the second it is swept
        page = new_tab()
        page.visit(f"{url}/compare{query}")
        is_shown(page, runs[0], runs[1], "logprob_change", 1.0)
        page.wait_address(params)
        assert page.of_figure("comparison_maps", OUTLINES) == ["selected L1H1"] * 3
        page.page.reload()
        is_shown(page, runs[0], runs[1], "logprob_change", 1.0)


def test_models_of_different_shapes_are_not_compared(new_tab, here, kept, runs):
    page = new_tab()
    page.visit(f"{here}/history")
    choose_two(page, kept[2], kept[0])
    page.wait_error("(2 × 6, layers × heads), the second of demo (3 × 4)")
    page.settle()
    page.wait_address({"a": [kept[2]]} | links.to_params(SPECS[0], "b."))
    page.page.reload()
    page.wait_error("Choose two runs of models of one shape")


def test_compare_with_from_the_sweep_page(open_page, here, kept, runs):
    page = open_page(url=here)
    page.wait_live()
    page.click_button("compare_this")  # the example, which is in no store
    page.wait_address(links.to_params(example.SPEC, "a."))
    assert example.SPEC.prompt[:40] in page.typed("compare_a")
    page.page.locator(".st-key-compare_b input").click()
    page.page.get_by_role("option", name="zero").first.click()
    is_shown(page, example.saved(), runs[1])
    page.go("Sweep")
    page.wait_heatmap()
    page.go("Compare")
    is_shown(page, example.saved(), runs[1])


def test_links_that_name_nothing_are_explained(new_tab, here):
    page = new_tab()
    page.visit(f"{here}/compare?a=0123456789ab&b.model=/etc&b.prompt=a&b.target=+b")
    page.wait_error("The run 0123456789ab is not kept here")
    page.page.wait_for_selector(".hs-banner:has-text('asks for the model “/etc”')")
    page.visit(f"{here}/compare?a=../../etc&b.model=demo&head=zzz&metric=<b>")
    page.page.wait_for_selector(".hs-banner")
    assert "This link names a head that is none" in page.banners() or "Side" in page.banners()
    assert page.pressed("metric") in ([], ["prob"])
    page.visit(f"{here}/compare")
    page.wait_text("compare_sides", "A")
    assert page.banners() == ""


def test_a_head_of_a_larger_model_is_let_go(compared):
    address = compared.page.url
    compared.visit(f"{address}&head=L30H30")
    compared.wait_text("comparison", "Heads that moved most")
    compared.settle()
    assert compared.of_figure("comparison_maps", OUTLINES) == []
    compared.wait_address(sides())
