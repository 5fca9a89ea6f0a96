"""Takes the README's pictures from the running app: `make screenshots`.

Not a test. Each picture is the page as a user sees it, after the clicks a user would make.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent.parent))  # or tests/core would hide core

from dashboard_page import DashboardPage
from serving import ROOT, browser, dashboard

from core import example

DOCS = ROOT / "docs"


def main() -> None:
    """Write docs/sweep-light.png and docs/sweep-dark.png."""
    DOCS.mkdir(exist_ok=True)
    log = Path(tempfile.mkdtemp()) / "server.txt"
    with dashboard(log=log) as url, browser() as chromium:
        for name, width, scheme in (
            ("sweep-light", 1440, "light"),
            ("sweep-dark", 1440, "dark"),
        ):
            context = chromium.new_context(
                viewport={"width": width, "height": 1300}, color_scheme=scheme
            )
            page = DashboardPage(context.new_page())
            page.open(url)
            page.wait_live()
            head = example.saved().ranked()[0].address
            page.click_cell(*head)
            page.wait_text("head_detail", "Under each kind of ablation")
            page.page.mouse.move(2, 2)
            height = page.page.evaluate("document.querySelector('.stMain').scrollHeight")
            page.page.set_viewport_size({"width": width, "height": int(height)})
            page.page.wait_for_timeout(1500)
            page.page.screenshot(path=DOCS / f"{name}.png")
            context.close()
            print(f"wrote docs/{name}.png")


if __name__ == "__main__":
    main()
