"""Two runs beside each other: chosen on History or from the Sweep page, and by addresses."""

from dataclasses import replace

import pytest
from support.comparisons import is_shown, sides
from support.hostile import IMAGE

from core import load_model, run_sweep
from core.demo import example
from core.exports import links
from core.results.comparison import compare
from core.spec.ablation import AblationKind
from core.store.connect import default_url
from core.store.store import Store

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
    page = new_tab(here)
    page.visit(f"{here}/history")
    choose_two(page, kept[0], kept[1])
    page.wait_text("comparison", "Heads that moved most")
    page.settle()
    return page


def choose_two(page, *ids):
    for run_id in ids:
        page.switch(page.whole_key(f"pick_{run_id}"))
    page.click_button("compare_runs")


def outlines(page):
    """The outlines of a chosen head on the three maps."""
    shapes = page.figure("comparison_maps")["layout"].get("shapes", [])
    names = [shape.get("name", "") for shape in shapes]
    return [name for name in names if name.startswith("selected")]


def test_two_chosen_runs_are_compared_head_by_head(compared, runs):
    one, other, _ = runs
    is_shown(compared, one, other)
    compared.wait_address(sides(*SPECS))
    assert "demo" in compared.text("comparison")

    compared.choose("metric", "KL")
    is_shown(compared, one, other, "kl")
    compared.choose("metric", "log odds")  # what they open on: no choice, and not in the address
    is_shown(compared, one, other)
    compared.click_button("swap_sides")
    compared.wait_address(sides(*reversed(SPECS)))
    is_shown(compared, other, one)
    compared.click_button("swap_sides")
    is_shown(compared, one, other)

    best = compare(one, other, "logodds_change").moved[0].head
    compared.click_head("comparison_maps", *best)
    compared.wait_address(sides(*SPECS) | {"head": [best.label]})
    assert outlines(compared) == [f"selected {best.label}"] * 3
    named = compared.figure("comparison_scatter")["layout"]["annotations"]
    assert f"<b>{best.label}</b>" in [each["text"] for each in named]


def test_its_address_opens_the_same_in_a_new_session_and_elsewhere(compared, new_tab, here,
                                                                  server, runs):  # fmt: skip
    compared.choose("metric", "log prob")
    compared.click_head("comparison_scatter", 1, 1)
    params = sides(*SPECS) | {"metric": ["log prob"], "head": ["L1H1"]}
    compared.wait_address(params)
    query = compared.query()
    for url in (here, server):  # on the second it is swept
        page = new_tab(url)
        page.visit(f"{url}/compare{query}")
        is_shown(page, runs[0], runs[1], "logprob_change")
        page.wait_address(params)
        assert outlines(page) == ["selected L1H1"] * 3
        page.visit(f"{url}/compare{page.query()}")
        is_shown(page, runs[0], runs[1], "logprob_change")


def test_models_of_different_shapes_are_not_compared(new_tab, here, kept):
    page = new_tab(here)
    page.visit(f"{here}/history")
    choose_two(page, kept[2], kept[0])
    page.wait_error("(2 × 6, layers × heads), the second of demo (3 × 4)")
    page.settle()
    page.wait_address({"a": [kept[2]]} | links.to_params(SPECS[0], "b."))
    page.visit(f"{here}/compare{page.query()}")
    page.wait_error("Choose two runs of models of one shape")


def test_compare_with_from_the_sweep_page(open_page, here, runs):
    page = open_page(here)
    page.wait_live()
    page.click_button("compare_this")  # the example, which is in no store
    page.wait_address(links.to_params(example.SPEC, "a."))
    assert example.SPEC.prompt[:40] in page.typed("compare_a")
    page.type("compare_b", next(each for each in page.options("compare_b") if "zero" in each))
    is_shown(page, example.saved(), runs[1])
    page.go("Sweep")
    page.wait_heatmap()
    page.go("Compare")
    is_shown(page, example.saved(), runs[1])


def test_the_likely_partners_of_a_are_one_click_away(new_tab, here, kept, runs):
    page = new_tab(here)
    page.visit(f"{here}/compare?{links.query_of(links.to_params(SPECS[0], 'a.'))}")
    page.wait_text("partners", "Compare A with the same prompt under zero ablation")
    assert not page.shows(f"partner_{kept[0]}"), "it is A itself"
    page.click_button(f"partner_{kept[1]}")
    is_shown(page, runs[0], runs[1])
    assert not page.shows("partners")


def test_links_that_name_nothing_are_explained(new_tab, here):
    page = new_tab(here)
    page.visit(f"{here}/compare?a=0123456789ab&b.model=/etc&b.prompt=a&b.target=+b")
    page.wait_error("The run 0123456789ab is not kept here")
    page.wait_banner("asks for the model “/etc”")
    page.visit(f"{here}/compare?a=../../etc&b.model=demo&head=zzz&metric=<b>")
    page.wait_banner("Side B of this link cannot be opened")
    assert not page.shows("metric")
    page.visit(f"{here}/compare")
    page.wait_text("compare_sides", "A")
    assert page.banners() == ""


def test_a_head_or_a_metric_that_is_none_leaves_the_comparison_as_it_is(new_tab, here, runs):
    page = new_tab(here)
    asked = sides(*SPECS) | {"head": [IMAGE], "metric": [IMAGE]}
    page.visit(f"{here}/compare?{links.query_of(asked)}")
    page.wait_banner(f"This link names a head that is none. '{IMAGE[:10]}")
    is_shown(page, runs[0], runs[1])
    assert outlines(page) == []
    assert page.pressed("metric") == ["log odds"]
    page.wait_address(sides(*SPECS))
    assert "<img src=x" not in page.html()


def test_a_head_of_a_larger_model_is_let_go(compared, here):
    compared.visit(f"{here}/compare{compared.query()}&head=L30H30")
    compared.wait_text("comparison", "Heads that moved most")
    compared.settle()
    assert outlines(compared) == []
    compared.wait_address(sides(*SPECS))
