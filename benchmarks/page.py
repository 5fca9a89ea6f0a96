"""How long a click on the page takes, and what is sent for it, beside a bare one-chart page.

In one Chromium on this machine, in one run: of the embedded model, one of GPT-2 small's shape and
one of 30 x 9 heads, how long from a click to the picture that it asks for, how many messages the
server sends until nothing changes any more, and how many kilobytes these are. The bare page is one
heatmap and one button. `make bench-page`; quiet machines only.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent))  # first, or tests/core would hide core

from first_paint import bare_page
from shapes import gpt2, saved, smollm2_135m
from support.dashboard_page import DashboardPage, prepared_tab
from support.serving import browser, dashboard

ROUNDS = 5
LOOK = 10
"""Milliseconds between two looks at the page."""
PROMPT, TARGET = "The quick brown fox jumps over the lazy dog. The quick brown fox", " jumps"
BARE = """import plotly.graph_objects as go
import streamlit as st
st.session_state["n"] = st.session_state.get("n", 0) + 1
st.button("Again", key="again")
st.plotly_chart(go.Figure(go.Heatmap(z=[[1, 2], [3, st.session_state["n"]]])))
st.html(f'<i class="ran">{st.session_state["n"]}</i>')
"""


@dataclass
class Heard:
    """What a server has sent to one tab since it was last asked."""

    messages: int = 0
    kilobytes: float = 0.0
    last: float = field(default_factory=time.perf_counter)

    def listen(self, page: Any) -> None:
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, payload: Any) -> None:
        self.messages += 1
        self.kilobytes += len(payload) / 1000
        self.last = time.perf_counter()

    def reset(self) -> None:
        self.messages, self.kilobytes = 0, 0.0


@dataclass
class Step:
    """One thing that is done again and again."""

    milliseconds: list[float] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    kilobytes: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        return (
            f"{name:<46}{statistics.median(self.milliseconds):9,.0f}"
            f"{statistics.median(self.messages):9,.0f}{statistics.median(self.kilobytes):9,.1f}"
        )


class Watch:
    """Takes the time from a click to a picture on one tab."""

    def __init__(self, page: Any, heard: Heard) -> None:
        self.page, self.heard = page, heard
        self.steps: dict[str, Step] = {}

    def take(self, name: str, act: Callable[[], None], there: str, arg: Any = None) -> None:
        """Do `act` and wait until the JavaScript `there` is true; then until all is quiet."""
        self.heard.reset()
        began = time.perf_counter()
        act()
        while not self.page.evaluate(there, arg):
            self.page.wait_for_timeout(LOOK)
            if time.perf_counter() - began > 120:
                raise TimeoutError(f"{name}: never {there}")
        step = self.steps.setdefault(name, Step())
        step.milliseconds.append(1000 * (time.perf_counter() - began))
        self.quiet()
        step.messages.append(self.heard.messages)
        step.kilobytes.append(self.heard.kilobytes)

    def quiet(self, seconds: float = 0.4) -> None:
        """Until no script runs and nothing was sent for so long."""
        rests = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState"
        while (
            self.page.evaluate(rests) != "notRunning"
            or time.perf_counter() - self.heard.last < seconds
        ):
            self.page.wait_for_timeout(30)


HEAD = """label => document.querySelector('.st-key-head_detail .hs-head b')?.textContent === label
  && !!document.querySelector(`[class*="st-key-attention-${label}"] .main-svg`)"""
UNIT = "unit => document.querySelector('.hs-grid-unit')?.textContent === unit"
DONE = "!document.querySelector('.st-key-progress')"
VIEW = f"""name => {DONE} && !!document.querySelector(
  `.st-key-view_${{name}} :is(.js-plotly-plot .main-svg, table)`)"""
MAP = "() => document.querySelectorAll('.hs-cell').length > 0"
COMPLETE = f"""count => {DONE} && !document.querySelector('.hs-estimated')
  && document.querySelectorAll('.hs-cell[data-value]:not([data-value=""])').length === count"""


def cell(page: DashboardPage, layer: int, head: int) -> Callable[[], None]:
    x, y = page.at_rest(layer, head, 0.5, 0.5)

    def click() -> None:
        page.page.mouse.click(x, y)

    return click


def press(page: Any, selector: str) -> Callable[[], None]:
    place = page.locator(selector).first
    return lambda: place.click()


def pages(page: DashboardPage, watch: Watch, heads: int, layers: int) -> None:
    """Everything that is measured on a finished sweep."""
    for number in range(ROUNDS):
        head = number % heads
        watch.take("cell to drawn head, first time", cell(page, 1, head), HEAD, f"L1H{head}")
        other = f"L0H{head}"
        watch.take("another head, first time", cell(page, 0, head), HEAD, other)
        watch.take("cell to drawn head, seen before", cell(page, 1, head), HEAD, f"L1H{head}")
        metric = ".st-key-metric button >> text="
        watch.take("metric to map", press(page.page, f"{metric}'log prob'"), UNIT, "nats")
        watch.take("metric to map", press(page.page, f"{metric}/^prob$/"), UNIT, "pp")
        views = ".st-key-head_view button >> nth="
        for name, view in (("logits", 1), ("positions", 2), ("attention", 0)):
            there = HEAD if name == "attention" else VIEW
            told = f"L1H{head}" if name == "attention" else name
            title = f"view to drawn view: {name}"
            watch.take(title, press(page.page, f"{views}{view}"), there, told)
    for _ in range(ROUNDS):
        link = "[data-testid=stTopNavLink] >> text="
        arrived = "() => document.querySelector('.st-key-lock, .st-key-heads') !== null"
        watch.take("page to page", press(page.page, f"{link}Hypothesis"), arrived)
        watch.take("page to page, back to the map", press(page.page, f"{link}Sweep"), MAP)


def sweep(page: DashboardPage, watch: Watch, name: str, count: int) -> None:
    """The model's own sweep of one prompt, from Run to the finished picture."""
    page.choose_model(name)
    page.type_prompt(PROMPT)
    page.type("target", TARGET)
    run = press(page.page, ".st-key-run button")
    watch.take("Run to finished", run, COMPLETE, count)


@contextmanager
def models() -> Iterator[list[tuple[str, str, int, int]]]:
    """(title, name, layers, heads a layer)."""
    with saved(gpt2()) as small, saved(smollm2_135m()) as tall:
        yield [
            ("embedded model, 3 x 4", "demo", 3, 4),
            ("GPT-2 small's shape, 12 x 12", str(small), 12, 12),
            ("30 x 9", str(tall), 30, 9),
        ]


def bare(chromium: Any) -> Step:
    """A bare page's rerun."""
    with bare_page(Path(tempfile.mkdtemp()), BARE) as url:
        page, heard = chromium.new_page(), Heard()
        heard.listen(page)
        page.goto(url)
        page.wait_for_selector(".js-plotly-plot .main-svg")
        watch = Watch(page, heard)
        for _ in range(2 * ROUNDS):
            watch.quiet()
            before = int(page.inner_text(".ran"))
            ran = "n => document.querySelector('.ran')?.textContent === String(n)"
            watch.take("rerun", press(page, ".st-key-again button"), ran, before + 1)
        page.close()
        return watch.steps["rerun"]


def main() -> int:
    """Print a table a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of the title of the model to measure")
    only = parser.parse_args().only
    with browser() as chromium, models() as shapes:
        print(f"{'':<46}{'ms':>9}{'messages':>9}{'kB':>9}")
        print(bare(chromium).row("a bare page with one heatmap: its rerun"))
        for title, name, layers, heads in shapes:
            if only not in title:
                continue
            with dashboard(log=Path(tempfile.mkdtemp()) / "server.txt") as url:
                tab, heard = prepared_tab(chromium.new_context(viewport=SIZE)), Heard()
                heard.listen(tab)
                page, watch = DashboardPage(tab), Watch(tab, heard)
                page.open(url)
                page.wait_live()
                if name != "demo":
                    sweep(page, watch, name, layers * heads)
                pages(page, watch, heads, layers)
                print(f"\n{title}")
                for said, step in watch.steps.items():
                    print(step.row(said), flush=True)
    return 0


SIZE = {"width": 1440, "height": 900}

if __name__ == "__main__":
    sys.exit(main())
