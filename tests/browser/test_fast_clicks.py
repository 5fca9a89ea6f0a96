"""Clicks faster than the page is drawn: its runs overtake each other, and none may fail."""

from pathlib import Path

import pytest
from support.held_server import HELD
from support.serving import ROOT, dashboard

from components.figures.base.metric import METRICS
from core import SweepSpec

SPEC = SweepSpec(model="demo", prompt=f"{HELD} red green blue red green", target=" blue")
CLICKS = 6
TITLES = [metric.title for metric in METRICS[:2]]


@pytest.fixture
def held(tmp_path_factory):
    """A server on which a sweep stops after its first heads, and the file of what it logs."""
    folder = tmp_path_factory.mktemp("fast-clicks")
    allowed = folder / "allowed"
    allowed.write_text("20")
    log = folder / "log.txt"
    program = [str(Path(ROOT) / "tests" / "support" / "held_server.py")]
    with dashboard(log=log, program=program, HELD_SWEEPS=str(allowed), AT_ONCE="2") as url:
        yield url, log


def test_clicks_that_overtake_each_other_leave_no_traceback_in_the_log(open_page, held):
    url, log = held
    page = open_page(url=url)
    page.wait_live()
    page.type_prompt(SPEC.prompt)
    page.type("target", SPEC.target)
    page.page.locator(".st-key-run button").click()
    page.wait_text("findings", "So far")
    # The map of the whole model is held too: every run of the page waits two seconds for it, after
    # it has drawn the sweep's bar and before it draws the map's.
    page.page.locator('[class*="st-key-open-"] button').first.click()
    for label in ("Where it matters", "The whole model"):
        page.page.get_by_role("radio", name=label).click()
    page.page.wait_for_selector(".st-key-progress_view", timeout=60_000)
    for click in range(CLICKS):
        title = TITLES[click % 2]
        page.page.locator(".st-key-metric button").nth(click % 2).click()
        page.page.wait_for_function(
            "title => [...document.querySelectorAll('.hs-title')]"
            ".some(e => e.innerText.includes(title))",
            arg=title,
            timeout=60_000,
        )
        page.page.wait_for_timeout(300)  # the run is past the sweep's bar and waits for the map
    page.page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'",
        timeout=60_000,
    )
    assert page.page.locator(".st-key-progress").count() == 1, "the sweep is still under way"
    assert page.page.locator(".st-key-progress_view").count() == 1, "and so is the map"
    assert "Traceback" not in log.read_text()
