"""What must be shown as it was typed, wherever it turns up: never rendered, never run.

And how many hostile inputs a run of the tests has tried.
"""

from collections import defaultdict
from typing import Any

IMAGE = "<img src=x onerror=alert(1)>"
"""A test looks for `img[src=x]` on the page, and for a dialog."""
SCRIPT = f"{IMAGE}<script>alert(2)</script> javascript:alert(3) **b** $x$"
"""What a link may ask for in any of its parameters."""
MARKUP = f"{IMAGE} **bold** $x^2$ :red[no] [a](javascript:alert(1)) `b`"
"""HTML, Markdown as Streamlit writes it, a formula, a link and code."""
TYPED = "<script>alert(1)</script> **b** $x^2$ `c` :red[no] 😀 שלום"
"""One line of what somebody may type, short enough to be shown in full."""


def summary(reporter: Any) -> None:
    """Say by file how many hostile inputs were tried and how many held."""
    tried: dict[str, int] = defaultdict(int)
    broke: dict[str, int] = defaultdict(int)
    for kind in ("passed", "failed"):
        for report in reporter.getreports(kind):
            if report.when != "call" or "hostile" not in report.keywords:
                continue
            held = sum(count for name, count in report.user_properties if name == "hostile")
            file = report.nodeid.partition("::")[0].removeprefix("tests/")
            if kind == "failed":  # the one that broke was not counted any more
                broke[file] += 1
            tried[file] += held + 1 if kind == "failed" else held or 1
    if not tried:
        return
    reporter.section("hostile inputs")
    for file, count in sorted(tried.items()):
        reporter.write_line(f"{file}: {count:,} tried, {count - broke[file]:,} held")
    total, lost = sum(tried.values()), sum(broke.values())
    reporter.write_line(f"{total:,} tried, {total - lost:,} held")
