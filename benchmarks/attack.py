"""A server set up as for the open internet, attacked while others sweep on it: `make bench-attack`.

It listens on this machine alone, is read-only, and has two models: the embedded one and one by its
folder. Sessions sweep on both, as users do, with Streamlit's own protocol; every heatmap is
compared with `run_sweep` in this process, done before. Meanwhile the attacks of
`benchmarks/attacks.py` go on, one of each kind at a time, and the server's memory, descriptors and
log are looked at.

Exits with 1 if a heatmap is wrong, a session lost, an input has not held, the log has a traceback,
or memory or log grow by more than their limits. Writes its section of benchmarks/RESULTS.md where
it lasts as long as it does unless told otherwise.
"""

import argparse
import asyncio
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attacks import ATTACKS, SECRET, Attack, Target
from crowd import LOGPROB, PROB, Case, Found, Metric, cases, names_prompts, visit, word_prompts
from results import write_section
from shapes import SEED  # puts tests/ on the path

from support.checkpoints import build  # isort: skip
from support.saved_run import run_of  # isort: skip
from support.serving import dashboard, listener  # isort: skip

from core.store.store import Store

SECONDS = 600
SESSIONS = 20
N_CASES = 150
"""Prompts a model: a session goes through them again and again, from a place of its own."""
EVERY = 5.0
"""Seconds between two looks at the server."""
WARM = 0.2
"""Of the time: until the server has met every kind of input, and keeps what it keeps."""
AFTERWARDS = 90.0
"""Seconds after the last connection: a session that is gone is let go within them."""
GROWTH_LIMIT = 60.0
"""MB that the server may grow by after that; what its attackers have open comes and goes."""
LOG_LIMIT = 100.0
"""Bytes a second, of the whole time."""


@dataclass(frozen=True)
class Look:
    """The server at a moment: seconds since the start, RSS in MB, descriptors, bytes of its log."""

    at: float
    megabytes: float
    descriptors: int
    log: int


@dataclass
class Seen:
    """What has come of it all until now."""

    looks: list[Look] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    holes: list[str] = field(default_factory=list)
    tracebacks: int = 0

    def near(self, share: float) -> Look:
        """The look at that share of the time."""
        return self.looks[min(int(share * len(self.looks)), len(self.looks) - 1)]

    @property
    def growth(self) -> float:
        """MB between the time at which all is warm and the end: of medians, a garbage's peak is no
        growth."""
        whole = [each.megabytes for each in self.looks]
        warm = whole[int(WARM * len(whole)) :]
        part = max(1, len(warm) // 5)
        return float(np.median(warm[-part:]) - np.median(warm[:part]))


@contextmanager
def served(folder: Path, model: Path) -> Iterator[tuple[Target, Any, Path]]:
    """The server, its process and its log; a run is deleted in its database, another is not."""
    (folder / "data").mkdir()
    store = Store(f"sqlite:///{folder / 'data' / 'runs.sqlite3'}")
    deleted = store.keep(run_of(f"The {SECRET}"))
    store.delete([deleted])
    store.keep(run_of("a run for everybody"))
    store.close()
    log, given = folder / "log.txt", {"HEADSWEEP_ALLOWED_MODELS": f"demo,{model}"}
    with dashboard(log=log, HEADSWEEP_READ_ONLY="true", **given) as url:
        yield Target(url, deleted), listener(url), log


async def attack(name: str, kind: Attack, target: Target, until: float, seen: Seen) -> None:
    """One kind of attack until the time is over; after a hole it begins anew."""
    drawn = random.Random(f"{SEED} {name}")
    while time.monotonic() < until:
        try:
            async with aclosing(kind(target, drawn)) as going:
                async for held in going:
                    seen.held[name] += held
                    if time.monotonic() >= until:
                        return
        except Exception as error:  # whatever it is, an input did not hold
            seen.holes.append(f"{name}: {type(error).__name__}: {str(error)[:300]}")
            say(f"    {seen.holes[-1]}")
            await asyncio.sleep(1)


async def watch(process: Any, log: Path, began: float, seen: Seen) -> None:
    """Look at the server until the task is cancelled."""
    while True:
        memory, files = process.memory_info().rss / 1e6, process.num_fds()
        seen.looks.append(Look(time.monotonic() - began, memory, files, log.stat().st_size))
        if len(seen.looks) % 12 == 0:
            say(f"{line_of(seen.looks[-1])}; {sum(seen.held.values()):,} inputs have held")
        await asyncio.sleep(EVERY)


def going_round(known: Sequence[Case], start: int, until: float) -> Iterator[Case]:
    """These again and again until the time is over."""
    while time.monotonic() < until:
        yield known[start % len(known)]
        start += 1


async def both(
    target: Target, process: Any, log: Path, sweeps: Sequence[tuple[str, Metric, Found]],
    n_sessions: int, seconds: float,
) -> Seen:  # fmt: skip
    """The crowd and the attacks at once, and what is left of them afterwards."""
    began, seen = time.monotonic(), Seen()
    until = began + seconds
    watching = asyncio.create_task(watch(process, log, began, seen))
    crowd = []
    for number in range(n_sessions):
        model, metric, found = sweeps[number % len(sweeps)]
        share = going_round(found.known, number * len(found.known) // n_sessions, until)
        crowd.append(visit(target.url, model, metric, share, found))
    thrown = [attack(name, kind, target, until, seen) for name, kind in ATTACKS.items()]
    await asyncio.gather(*crowd, *thrown)
    watching.cancel()
    say(f"All is over; {AFTERWARDS:.0f} s later:")
    await asyncio.sleep(AFTERWARDS)
    memory, files = process.memory_info().rss / 1e6, process.num_fds()
    seen.looks.append(Look(time.monotonic() - began, memory, files, log.stat().st_size))
    seen.tracebacks = log.read_text(encoding="utf-8", errors="replace").count("Traceback")
    say(line_of(seen.looks[-1]))
    return seen


def line_of(look: Look) -> str:
    return (
        f"{look.at:.0f} s: {look.megabytes:,.0f} MB, {look.descriptors} descriptors, "
        f"{look.log:,} bytes of log"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder, model = Path(temporary), Path(temporary) / "model"
        build("gpt2", model)
        sweeps = [
            ("demo", PROB, Found(cases("demo", PROB, names_prompts(), N_CASES))),
            (
                str(model),
                LOGPROB,
                Found(cases(str(model), LOGPROB, word_prompts(N_CASES), N_CASES)),
            ),
        ]
        with served(folder, model) as (target, process, log):
            seen = asyncio.run(
                both(target, process, log, sweeps, options.sessions, options.seconds)
            )
    found = [each for _, _, each in sweeps]
    text, met = section(seen, found, options.sessions, options.seconds)
    say(f"\n{text}")
    if options.seconds == SECONDS and options.sessions == SESSIONS:
        write_section("Under attack", text)
    return 0 if met else 1


def section(
    seen: Seen, found: Sequence[Found], n_sessions: int, seconds: float
) -> tuple[str, bool]:
    """What is written of it, and whether everything is met."""
    waits = [wait for each in found for wait in each.waits]
    wrong = [said for each in found for said in each.wrong]
    lost = [said for each in found for said in each.lost]
    for said in [*wrong[:5], *lost[:5], *seen.holes[:10]]:
        say(f"    {said[:400]}")
    per_second = (seen.looks[-1].log - seen.looks[0].log) / seconds
    held = sum(seen.held.values())
    met = not (wrong or lost or seen.holes or seen.tracebacks)
    met = met and seen.growth <= GROWTH_LIMIT and per_second <= LOG_LIMIT
    last = len(seen.looks) - 1
    looks = [seen.near(WARM), seen.near(0.5), seen.looks[max(0, last - 1)], seen.looks[last]]
    moments = ("warm", "in the middle", "at the end", f"{AFTERWARDS:.0f} s after it")
    return "\n".join(
        [
            f"`make bench-attack` on {datetime.now(UTC):%Y-%m-%d}: {platform.machine()}, "
            f"{os.cpu_count()} CPU cores shared by server, sessions and attackers, torch "
            f"{torch.__version__}. A server on this machine's loopback, read-only, with the "
            f"embedded model and one by its folder, for {seconds:.0f} s: {n_sessions} sessions "
            f"sweep on it, and {len(ATTACKS)} kinds of attack go on beside them.",
            "",
            "| sweeps | wrong | sessions lost | wait, median and 95th percentile | inputs tried | "
            "held | tracebacks in the log |",
            "|---|---|---|---|---|---|---|",
            f"| {len(waits):,} | {len(wrong)} | {len(lost)} | {_waits(waits)} "
            f"| {held + len(seen.holes):,} | {held:,} | {seen.tracebacks} |",
            "",
            "| moment | memory (RSS) | descriptors | bytes of log |",
            "|---|---|---|---|",
            *(
                f"| {name}, {look.at:.0f} s | {look.megabytes:,.0f} MB | {look.descriptors} "
                f"| {look.log:,} |"
                for name, look in zip(moments, looks, strict=True)
            ),
            "",
            f"Memory grew by {seen.growth:.0f} MB from when it was warm to the end, "
            f"≤ {GROWTH_LIMIT:g}; the log by {per_second:.0f} bytes a second, ≤ {LOG_LIMIT:g}; "
            f"{'met' if met else 'MISSED'}. "
            "Inputs that held, by kind: "
            + ", ".join(f"{name} {n:,}" for name, n in seen.held.most_common())
            + ".",
        ]
    ), met


def _waits(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    return f"{np.median(seconds):.1f} s, {np.percentile(seconds, 95):.1f} s"


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
