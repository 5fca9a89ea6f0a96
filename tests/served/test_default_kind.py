"""A server whose operator has chosen another default kind: it begins with that, links do not."""

import pytest
from support import heatmaps
from support.serving import dashboard

from core import run_sweep
from core.demo import example
from core.exports import links

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    log = tmp_path_factory.mktemp("zero") / "log.txt"
    with dashboard(log=log, HEADSWEEP_DEFAULT_ABLATION="zero") as url:
        yield url


def test_the_front_page_shows_the_example_under_that_kind(new_tab, other, demo):
    page = new_tab(other)
    page.visit(other)
    page.wait_heatmap()
    page.settle()
    assert page.pressed("ablation") == ["zero"]
    spec = links.from_params(links.to_params(example.SPEC) | {"ablation": ["zero"]})
    found = run_sweep(demo, spec)
    heatmaps.shows(page, found)
    assert page.query() == ""
    page.click_button("predict_first")
    page.wait_text("statement", "“with the front page’s numbers on screen”")


def test_an_address_says_its_kind_and_means_the_same_here(new_tab, other):
    page = new_tab(other)
    page.visit(f"{other}/?{links.query_of(links.to_params(example.SPEC))}")
    page.wait_heatmap()
    page.settle()
    assert page.pressed("ablation") == ["mean across heads"]
    heatmaps.shows(page, example.saved())
    assert "ablation=mean-across-heads" in page.query()
    old = "model=demo&prompt=red+green+blue+red+green&target=+blue"  # of before this setting
    page.visit(f"{other}/?{old}")
    page.wait_heatmap()
    assert page.pressed("ablation") == ["mean across heads"]
