"""Takes the README's pictures from the running app: `make screenshots`.

Not a test. Each picture is the page as a user sees it, after the clicks a user would make.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent.parent))  # or tests/core would hide core

from support.dashboard_page import DashboardPage, prepared_tab
from support.serving import ROOT, browser, dashboard

DOCS = ROOT / "docs"


WIDTH = 1440


def sweep(page: DashboardPage) -> None:
    """The saved example with the heads that copy: one of them opened."""
    page.click_cell(1, 0)
    page.wait_text("verdict", "What weakens this")
    page.wait_text("view_attention", "Attention pattern")
    page.page.locator('.hs-read [data-at="14"]').click()


def hypothesis(page: DashboardPage) -> None:
    """All heads that look like induction, predicted to be needed."""
    page.page.get_by_role("link", name="Hypothesis").click()
    page.wait_text("statement", "All heads that look like")
    page.settle()
    page.type("heads", "L0H1, L1H0, L1H2")
    page.choose("outcome", "breaks it")
    page.type("predicted", "20")
    page.click_button("lock")
    page.wait_text("hypothesis_verdict", "Measured")
    page.wait_text("outcome_panel", "Pair by pair")


def compare(page: DashboardPage) -> None:
    """The pangram under two kinds of ablation, chosen from the kept runs."""
    for kind in ("mean across heads", "zero"):
        page.choose("ablation", kind)
        page.run()
        page.wait_text("run_bar", "kept as run")
    page.go("History")
    for row in (0, 1):
        page.page.locator(".st-key-runs [data-testid=stCheckbox]").nth(row).click()
        page.settle()
    page.click_button("compare_runs")
    page.wait_text("comparison", "What differs between the runs")


def main() -> None:
    """Write docs/sweep-*.png, docs/hypothesis-*.png and docs/compare-*.png, light and dark."""
    DOCS.mkdir(exist_ok=True)
    log = Path(tempfile.mkdtemp()) / "server.txt"
    with dashboard(log=log) as url, browser() as chromium:
        for scheme in ("light", "dark"):
            for shown in (sweep, hypothesis, compare):
                context = chromium.new_context(
                    viewport={"width": WIDTH, "height": 1300}, color_scheme=scheme
                )
                page = DashboardPage(prepared_tab(context))
                page.open(url)
                page.wait_live()
                shown(page)
                page.settle()
                page.page.mouse.move(2, 2)
                page.page.set_viewport_size({"width": WIDTH, "height": 400})
                height = page.page.evaluate("document.querySelector('.stMain').scrollHeight")
                page.page.set_viewport_size({"width": WIDTH, "height": int(height)})
                page.page.wait_for_timeout(1500)
                name = f"{shown.__name__}-{scheme}.png"
                page.page.screenshot(path=DOCS / name)
                context.close()
                print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
