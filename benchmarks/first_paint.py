"""How long until the first heatmap stands, against a bare one-chart Streamlit page.

Both in the same run and the same Chromium, each on a server that has just started and on a warm
one: machines differ and are shared, so only the difference means something. `make first-paint`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent))  # first, or tests/core would hide core

from support.serving import await_server, browser, dashboard, free_port

ROUNDS = 3
BARE = """import plotly.graph_objects as go
import streamlit as st
st.plotly_chart(go.Figure(go.Heatmap(z=[[1, 2], [3, 4]])))
"""


@contextmanager
def bare_page(folder: Path, text: str = BARE) -> Iterator[str]:
    """A page of Streamlit's and nothing else, as `streamlit run` serves it; one heatmap unless
    another script is given."""
    script, log, port = folder / "bare.py", folder / "bare.txt", free_port()
    script.write_text(text)
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    options = [f"--server.port={port}", "--server.headless=true", "--server.fileWatcherType=none"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, *options, "--browser.gatherUsageStats=false"],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(os.environ),
        )
    try:
        await_server(f"http://localhost:{port}/_stcore/health", process, log)
        yield f"http://localhost:{port}"
    finally:
        process.kill()
        process.wait()


def seconds_to_heatmap(chromium: Any, url: str) -> float:
    """From a fresh browser context's first request to a heatmap on screen."""
    context = chromium.new_context(viewport={"width": 1440, "height": 1200})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(".js-plotly-plot .heatmaplayer, .hs-cell", timeout=120_000)
    seconds = time.perf_counter() - started
    context.close()
    return seconds


def main() -> int:
    """Print medians over alternating rounds; 1 if more than what is sought."""
    found: dict[str, list[float]] = {}
    with browser() as chromium:
        for _ in range(ROUNDS):
            for name in ("bare", "headsweep"):
                folder = Path(tempfile.mkdtemp())
                served = (
                    bare_page(folder) if name == "bare" else dashboard(log=folder / "server.txt")
                )
                with served as url:
                    found.setdefault(f"{name}, just started", []).append(
                        seconds_to_heatmap(chromium, url)
                    )
                    time.sleep(15)  # the embedded model loads meanwhile
                    for _ in range(2):
                        found.setdefault(f"{name}, warm", []).append(
                            seconds_to_heatmap(chromium, url)
                        )
    for name, values in found.items():
        print(f"{name:>24}: median {statistics.median(values):.2f} s of {len(values)}")
    missed = 0
    for state, limit in (("just started", 2.5), ("warm", 1.0)):
        extra = statistics.median(found[f"headsweep, {state}"]) - statistics.median(
            found[f"bare, {state}"]
        )
        print(f"{state}: {extra:+.2f} s over the bare page (sought: at most {limit} s)")
        missed += extra > limit
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
