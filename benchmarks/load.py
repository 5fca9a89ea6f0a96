"""Many sessions on one server, kept apart, and its memory flat: `make bench-load`.

The server is the one that `make run` starts. Three parts, each on a server of its own:

- embedded: sessions that speak Streamlit's own protocol (tests/support/streamlit_client.py) and,
  among them, real Chromiums, all at once, each sweeping prompts of its own on the embedded model;
- gpt2: the same on GPT-2 small's shape with random weights, a folder typed into the model's box;
- memory: distinct prompts swept one after another through a few sessions, and what the server's
  memory (RSS) grows by once it has swept the first of them.

Every heatmap is compared with `run_sweep` in this process, done before. No two of them are alike,
so that another session's result would be seen. Waiting is from pressing Run to the heatmap with
nothing left to wait for. Sessions share the machine's cores with the server, as users do not: what
they wait is an upper limit.

Exits with 1 if a heatmap is wrong, a session lost, or memory grows by more than its limit. Writes
its section of benchmarks/RESULTS.md, unless parts are left out or made smaller.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import torch
from crowd import (
    LOGPROB,
    N_WORDS,
    PATIENCE,
    PROB,
    Found,
    Metric,
    all_at_once,
    cases,
    least_apart,
    names_prompts,
    visit,
    word_prompts,
)
from results import write_section
from shapes import gpt2, saved  # puts tests/ on the path

from support import dashboard_page  # isort: skip
from support.serving import dashboard, listener  # isort: skip

GROWTH_LIMIT = 60.0
"""MB that the server may grow by between the first sweeps and the last."""
SETTLED_AFTER = 200
"""Sweeps after which the server has everything that it keeps."""
SAMPLED = 50
"""Sweeps between two looks at the server's memory."""
FEW = 4
"""Sessions of the memory's part."""


@dataclass(frozen=True)
class Row:
    """One part, measured."""

    name: str
    n_sessions: int
    n_browsers: int
    found: Found
    seconds: float
    apart: float
    metric: Metric

    @property
    def met(self) -> bool:
        return not self.found.wrong and not self.found.lost

    def line(self) -> str:
        found = self.found
        n_sweeps = len(found.waits) + len(found.browser_waits)
        browsers = _waits(found.browser_waits) if found.browser_waits else ""
        return (
            f"| {self.name} | {self.n_sessions} | {self.n_browsers} | {n_sweeps:,} "
            f"| {len(found.wrong)} | {len(found.lost)} | {_waits(found.waits)} | {browsers} "
            f"| {self.seconds:.0f} s | {'met' if self.met else 'MISSED'} |"
        )


HEADER = (
    "| part | sessions | Chromiums | sweeps | wrong | lost | wait, median and 95th percentile "
    "| the same, Chromiums | in all | none wrong, none lost |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def _waits(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    return f"{np.median(seconds):.1f} s, {np.percentile(seconds, 95):.1f} s"


@contextmanager
def served() -> Iterator[tuple[str, psutil.Process]]:
    """A server with a data folder of its own: its address and its process."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        with dashboard(log=log, HEADSWEEP_DATA_DIR=folder) as url:
            yield url, listener(url)
        if "Traceback" in log.read_text():
            say(f"The server has logged:\n{log.read_text()}")


def crowd(
    name: str, model: str, metric: Metric, asked: list[tuple[str, str]], each: int, n_users: int,
    n_browsers: int,
) -> Row:  # fmt: skip
    """So many users at once, each with `each` of the prompts; some of them are Chromiums."""
    known = cases(model, metric, asked, n_users * each)
    apart = least_apart(known, metric)
    shares = [known[start : start + each] for start in range(0, len(known), each)]
    with served() as (url, _):
        started = time.perf_counter()
        found = asyncio.run(all_at_once(url, model, metric, shares, n_browsers))
        seconds = time.perf_counter() - started
    return Row(name, len(shares) - n_browsers, n_browsers, found, seconds, apart, metric)


@dataclass(frozen=True)
class Memory:
    """The server's RSS in MB by how many sweeps it has done."""

    row: Row
    sampled: dict[int, float]

    @property
    def growth(self) -> float:
        """MB between the first sample at or after `SETTLED_AFTER` and the last."""
        first = min((n for n in self.sampled if n >= SETTLED_AFTER), default=min(self.sampled))
        return self.sampled[max(self.sampled)] - self.sampled[first]

    @property
    def met(self) -> bool:
        return self.row.met and self.growth <= GROWTH_LIMIT

    def said(self) -> str:
        told = ", ".join(f"{n:,}: {megabytes:,.0f}" for n, megabytes in self.sampled.items())
        return (
            f"The server's memory (RSS, MB) by sweeps: {told}. From sweep "
            f"{SETTLED_AFTER} on it grew by {self.growth:.0f} MB, ≤ {GROWTH_LIMIT:g}: "
            f"{'met' if self.met else 'MISSED'}."
        )


def memory(n_sweeps: int) -> Memory:
    """Distinct prompts through a few sessions, which share them out as they get on."""
    known = cases("demo", PROB, names_prompts(), n_sweeps)
    apart, found, sampled = least_apart(known, PROB), Found(known), dict[int, float]()

    async def few(url: str, process: psutil.Process) -> None:
        def sample() -> None:
            done = len(found.waits)
            if done % SAMPLED == 0:
                sampled[done] = process.memory_info().rss / 1e6
                say(f"{done} sweeps: {sampled[done]:,.0f} MB")

        left = iter(known)
        await asyncio.gather(*(visit(url, "demo", PROB, left, found, sample) for _ in range(FEW)))

    with served() as (url, process):
        started = time.perf_counter()
        asyncio.run(few(url, process))
        seconds = time.perf_counter() - started
    return Memory(Row("memory", FEW, 0, found, seconds, apart, PROB), sampled)


PARTS = ("embedded", "gpt2", "memory")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; may be repeated")
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--chromiums", type=int, default=3)
    parser.add_argument("--each", type=int, default=4, help="sweeps a session, embedded model")
    parser.add_argument("--sweeps", type=int, default=1000, help="of the memory's part")
    options = parser.parse_args()
    dashboard_page.TIMEOUT = round(1000 * PATIENCE)
    parts = options.part or PARTS
    n_users = options.sessions + options.chromiums
    rows: list[Row] = []
    measured: Memory | None = None
    say(HEADER)
    if "embedded" in parts:
        asked, each, few = names_prompts(), options.each, options.chromiums
        rows.append(crowd("embedded", "demo", PROB, asked, each, n_users, few))
        tell(rows[-1])
    if "gpt2" in parts:
        with saved(gpt2()) as folder:
            asked = word_prompts(n_users)
            few = options.chromiums
            rows.append(crowd("gpt2", str(folder), LOGPROB, asked, 1, n_users, few))
        tell(rows[-1])
    if "memory" in parts:
        measured = memory(options.sweeps)
        rows.append(measured.row)
        tell(rows[-1])
        say(f"\n{measured.said()}")
    whole = all(getattr(options, name) == parser.get_default(name) for name in vars(options))
    if whole and measured is not None:
        write_section("Many sessions", section(rows, measured))
    met = all(row.met for row in rows) and (measured is None or measured.met)
    say(f"\n{'Everything is met.' if met else 'Something is missed.'}")
    return 0 if met else 1


def tell(row: Row) -> None:
    say(row.line())
    for said in [*row.found.wrong[:5], *row.found.lost[:5]]:
        say(f"    {said[:400]}")


def section(rows: Sequence[Row], measured: Memory) -> str:
    apart = ", ".join(
        f"{row.apart:.2g} {row.metric.unit} ({row.name}, compared to {row.metric.tolerance:g})"
        for row in rows
    )
    return "\n".join(
        [
            f"`make bench-load` on {datetime.now(UTC):%Y-%m-%d}: {platform.machine()}, "
            f"{os.cpu_count()} CPU cores shared by server, sessions and Chromiums, torch "
            f"{torch.__version__}, float32. `embedded` is the embedded model; `gpt2` GPT-2 small's "
            f"shape, random weights, {N_WORDS + 1} tokens; every prompt is another.",
            "",
            HEADER,
            *(row.line() for row in rows),
            "",
            "`wait` is from pressing Run to the finished heatmap. Every heatmap is compared with "
            f"`run_sweep` in the benchmark's own process; the two most alike are {apart} apart, so "
            f"that another session's result would be seen. {measured.said()}",
        ]
    )


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
