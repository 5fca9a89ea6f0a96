"""Every address that version 0.1.0 has written or taken opens a page that shows what it showed."""

import shutil
from urllib.parse import parse_qs

import pytest
from support.composed import is_composed
from support.frozen import V1, links
from support.serving import dashboard

from components.widgets.head.panel import VIEWS
from components.widgets.sweep.address import _OLD_VIEWS
from core.exports.links import from_params, run_id
from core.results.metrics import BY_FIELD
from core.spec.heads import Head
from core.spec.spec import SweepSpec

LINKS = links()


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A dashboard on a copy of its database."""
    folder = tmp_path_factory.mktemp("old")
    shutil.copy(V1 / "database" / "runs.sqlite3", folder)
    with dashboard(log=folder / "log.txt", HEADSWEEP_DATA_DIR=str(folder)) as url:
        yield url


def test_the_first_visitor_of_a_server_comes_by_the_address_of_a_page_to_all_others(new_tab, old):
    """First of all: nobody has been at this server before."""
    page = new_tab(old)
    page.visit(f"{old}/history")
    for title in ("Hypothesis", "Patching", "Compare", "History", "Sweep"):
        page.go(title)
    page.wait_heatmap()


def of(page):
    return [pytest.param(each, id=each["what"]) for each in LINKS if each["page"] == page]


def opened(new_tab, old, link):
    page = new_tab(old)
    page.visit(old + link["address"])
    wrong = ("This link", "The address asks")
    assert not any(words in page.banners() for words in wrong)
    return page


@pytest.mark.parametrize("link", of("history"))
def test_a_search_in_history(new_tab, old, link):
    """First of the links: the sweeps of other links are kept too, and fill more than a page."""
    opens = link["opens"]
    page = opened(new_tab, old, link)
    assert page.typed("history_text") == opens["q"]
    for run in opens["finds"]:
        assert page.shows(f"run_{run}")
    others = {run for each in of("history") for run in each.values[0]["opens"]["finds"]}
    assert not any(page.shows(f"run_{run}") for run in others - {*opens["finds"]})


@pytest.mark.parametrize("link", of("sweep"))
def test_a_sweep(new_tab, old, link):
    opens = link["opens"]
    page = opened(new_tab, old, link)
    is_composed(page, SweepSpec.from_dict(opens.get("shown_spec") or opens["spec"]))
    now = parse_qs(page.query()[1:])
    assert now.get("metric", ["prob"]) == [BY_FIELD[opens["metric"]].short]
    assert now.get("head", [None]) == [opens["head"]]
    if opens["head"] is not None:
        view = _OLD_VIEWS[opens["view"]]
        assert now["view"] == [view]
        if page.shows("head_view"):  # not where the model is not here
            assert page.pressed("head_view") == [VIEWS[view][0]]


@pytest.mark.parametrize("link", of("hypothesis"))
def test_a_hypothesis(new_tab, old, link):
    opens = link["opens"]
    page = opened(new_tab, old, link)
    if opens["spec"] is not None:
        is_composed(page, SweepSpec.from_dict(opens["spec"]))
    assert page.typed("heads") == opens["heads"]
    assert page.pressed("outcome") == [each for each in [opens["outcome"]] if each]
    percent = opens["predicted_percent"]
    assert page.typed("predicted") == ("" if percent is None else f"{percent:g}")


@pytest.mark.parametrize("link", of("patching"))
def test_a_patching(new_tab, old, link):
    opens = link["opens"]
    page = opened(new_tab, old, link)
    if opens["spec"] is not None:
        is_composed(page, SweepSpec.from_dict(opens["spec"]))
    if opens["patched"] is not None:
        page.wait_text("patching", "What does it break?")
        outlines = page.figure("patch-denoise")["layout"].get("shapes", [])
        head = None if opens["head"] is None else Head.parse(opens["head"])
        assert any(head.label in each["name"] for each in outlines) if head else not outlines


@pytest.mark.parametrize("link", of("compare"))
def test_a_comparison(new_tab, old, link):
    opens = link["opens"]
    page = opened(new_tab, old, link)
    now = parse_qs(page.query()[1:])
    for side in ("a", "b"):
        told, spec = opens[side] or {}, from_params(now, f"{side}.")
        if told.get("spec") is not None:
            assert spec is not None
            assert spec.to_dict() == SweepSpec.from_dict(told["spec"]).to_dict()
        elif told.get("run") is not None:  # a spec that a link can hold stands for its run now
            assert spec is not None or run_id(now, side) == told["run"]
    assert now.get("metric", ["prob"]) == [BY_FIELD[opens["metric"]].short]
