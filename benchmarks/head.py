"""Every view of one head as the page asks for it: `make bench-head`.

GPT-2 small's shape, random weights. Each task is driven as the job lane drives it, from the model
to its result, in rounds taken in turn. Three things are read:

- seconds to the result;
- the wait for a stop: the longest time between two moments at which a Cancel is obeyed and, in
  long work, another's quick task let through;
- the seconds as clean passes, where one of the same model and prompt is timed just before: machines
  differ and are shared, so that only this ratio carries over.

What is ablated in layer 0 runs through every later layer, what feeds a head of the last layer is
most: these are the heads looked at. Resample is the kind that costs most, since it runs a second
prompt. Exits with 1 if a limit is missed. Writes its section of benchmarks/RESULTS.md.
"""

import argparse
import itertools
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import torch
from results import write_section
from shapes import clock, gpt2, machine_rate, many_words, prompt_of, saved

from core import AblationKind, SweepSpec, load_model
from core.checkpoints.registry import key_of
from core.circuits.tasks import (
    MeasureAttention,
    MeasureDirectEffect,
    MeasureHeadScores,
    MeasureLogitEffects,
    MeasurePatching,
    MeasurePathPatching,
    MeasurePositionEffects,
    MeasureScoresWithout,
)
from core.engine import start_clean
from core.hypotheses.tasks import MeasureInteractions, MeasureJoint, MeasureKeepOnly, SearchGreedy
from core.jobs.task import Step, Task
from core.model.loaded import LoadedModel
from core.spec.heads import Head, all_heads
from core.sweep.prepare import prepare

SHORT, LONG = 15, (64, 1024)
OF_A_HEAD, OF_ALL_ROLES, OF_A_STOP = 2.0, 15.0, 1.0
"""Limits at `SHORT` tokens, in seconds."""
PATIENCE = 60.0
"""Seconds after which work on a longer prompt is stopped."""
FIRST, LAST = Head(0, 5), Head(11, 5)
LAYER = tuple(Head(0, head) for head in range(12))
SET = (Head(0, 1), Head(4, 2), Head(8, 3), Head(11, 4))
TEN = tuple(Head(layer, layer) for layer in range(10))
SOUGHT = 3
"""Heads after which the search for a small set is stopped."""


@dataclass(frozen=True)
class View:
    """A task, its limit, and where it is stopped if it is not run to its end.

    `fresh`: on a model of which nothing has been measured yet.
    """

    name: str
    task: Task
    limit: float | None = None
    fresh: bool = False
    until: Callable[[Step], bool] = lambda step: False


@dataclass(frozen=True)
class Round:
    """One run of a view, after a `clean` pass, at a `load` of the machine.

    `share` is what was done of it, below 1 where it was stopped.
    """

    seconds: float
    wait: float
    n_steps: int
    share: float
    clean: float
    load: float


@dataclass(frozen=True)
class Row:
    view: View
    n_tokens: int
    rounds: list[Round]

    def median(self, of: Callable[[Round], float]) -> float:
        return statistics.median(map(of, self.rounds))

    @property
    def met(self) -> bool:
        if self.n_tokens != SHORT:
            return True
        slow = self.view.limit is not None and self.median(lambda r: r.seconds) > self.view.limit
        return not slow and self.median(lambda r: r.wait) <= OF_A_STOP

    def line(self) -> str:
        limit = "" if self.view.limit is None else f"≤ {self.view.limit:g} s, "
        said = f"{limit}stop ≤ {OF_A_STOP:g} s: {'met' if self.met else 'MISSED'}"
        share = self.rounds[0].share
        stopped = "" if share == 1 else f" (to {100 * share:.1f} %, then stopped)"
        return (
            f"| {self.view.name} | {self.n_tokens:,} | {self.median(lambda r: r.seconds):.2f} s"
            f"{stopped} | {min(r.seconds for r in self.rounds):.2f} s "
            f"| {self.median(lambda r: r.seconds / r.clean):,.1f} "
            f"| {self.median(lambda r: r.n_steps):,.0f} | {self.median(lambda r: r.wait):.2f} s "
            f"| {said if self.n_tokens == SHORT else ''} |"
        )


HEADER = (
    "| view | tokens | seconds | quickest | clean passes | steps | wait for a stop | limit |\n"
    "|---|---|---|---|---|---|---|---|"
)


def spec_of(model: LoadedModel, n_tokens: int) -> SweepSpec:
    """So many tokens, BOS among them; the corrupted prompt differs from the first word on."""
    return SweepSpec(
        model.name,
        prompt_of(n_tokens - 1),
        " over",
        " jumps",
        AblationKind.RESAMPLE,
        corrupted_prompt=" dog" + prompt_of(n_tokens - 2),
        prepend_bos=True,
    )


def of_a_head(spec: SweepSpec) -> Iterator[View]:
    """What is measured at every length."""
    yield View(f"looks at ({FIRST.label})", MeasureAttention(spec, FIRST), OF_A_HEAD)
    yield View(f"says ({FIRST.label})", MeasureLogitEffects(spec, FIRST), OF_A_HEAD)
    yield View(f"route and kinds ({FIRST.label})", MeasureDirectEffect(spec, FIRST), OF_A_HEAD)
    yield View(f"is fed by ({LAST.label})", MeasurePathPatching(spec, LAST), OF_A_HEAD)
    yield View(
        f"where it matters ({FIRST.label})", MeasurePositionEffects(spec, (FIRST,)), OF_A_HEAD
    )


def of_the_rest(spec: SweepSpec, model: LoadedModel) -> Iterator[View]:
    """What is measured at `SHORT` tokens alone."""
    key, every = key_of(spec), tuple(all_heads(model.n_layers, model.n_heads))
    yield View(
        f"route and kinds ({FIRST.label}), the model’s first",
        MeasureDirectEffect(spec, FIRST),
        OF_A_HEAD,
        True,
    )
    yield View("where it matters, its layer", MeasurePositionEffects(spec, LAYER))
    yield View("where it matters, the whole model", MeasurePositionEffects(spec, every))
    yield View("roles of every head", MeasureHeadScores(key), OF_ALL_ROLES, True)
    without = MeasureScoresWithout(key, FIRST, AblationKind.MEAN)
    yield View(f"roles of every head without {FIRST.label}", without, OF_ALL_ROLES)
    for direction in ("denoise", "noise"):
        yield View(f"patching every head, {direction}", MeasurePatching(spec, direction))
        by_position = MeasurePatching(spec, direction, LAYER, True)
        yield View(f"patching a layer by position, {direction}", by_position)
    yield View("4 heads together, and 200 other sets", MeasureJoint(spec, SET))
    yield View("10 heads pair by pair", MeasureInteractions(spec, TEN))
    yield View("only 4 heads kept", MeasureKeepOnly(spec, SET))
    yield View(
        f"smallest set, its first {SOUGHT} heads",
        SearchGreedy(spec),
        until=lambda step: step.partial is not None and len(step.partial.heads) == SOUGHT,
    )


def timed(view: View, model: LoadedModel, patience: float, clean: float) -> Round:
    """Drive a task to its end, or until it has taken `patience` seconds."""
    moments, share = [time.perf_counter()], 0.0
    work = view.task.work(model)
    for step in work:
        moments.append(time.perf_counter())
        share = step.fraction or share
        if enough := view.until(step):
            share = 1.0
        if enough or moments[-1] - moments[0] > patience:
            work.close()
            break
    else:
        moments.append(time.perf_counter())
        share = 1.0
    waits = [later - earlier for earlier, later in itertools.pairwise(moments)]
    load = os.getloadavg()[0]
    return Round(moments[-1] - moments[0], max(waits), len(moments) - 1, share, clean, load)


def measure(
    model: LoadedModel, n_tokens: int, views: list[View], rounds: int, patience: float
) -> list[Row]:
    """Every view in turn, round by round. A view that was stopped is not begun again.

    At `SHORT` tokens a first round, which measures what is kept from then on, does not count.
    """
    prepared = prepare(model, spec_of(model, n_tokens))
    tokens, read = prepared.sequence(prepared.target), prepared.read(prepared.target)
    rows = [Row(view, n_tokens, []) for view in views]
    first = 1 if n_tokens == SHORT else 0
    for _ in range(first + rounds):
        for row in rows:
            if not row.rounds or row.rounds[0].seconds <= patience:
                clean = statistics.median(
                    clock(lambda: start_clean(model, tokens, read)) for _ in "123"
                )
                on = replace(model) if row.view.fresh else model
                row.rounds.append(timed(row.view, on, patience, clean))
    return [replace(row, rounds=row.rounds[first:]) for row in rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help=f"{SHORT} tokens only")
    options = parser.parse_args()
    rate = machine_rate()
    say(f"{torch.get_num_threads()} threads, one large product: {rate:.0f} GFLOP/s\n\n{HEADER}")
    rows: list[Row] = []
    with saved(gpt2(), words=many_words()) as folder:
        model = load_model(str(folder), device="cpu")
        spec = spec_of(model, SHORT)
        views = [*of_a_head(spec), *of_the_rest(spec, model)]
        rows += told(measure(model, SHORT, views, options.rounds, 10 * PATIENCE))
        for n_tokens in () if options.quick else LONG:
            views = list(of_a_head(spec_of(model, n_tokens)))
            rows += told(measure(model, n_tokens, views, options.rounds, PATIENCE))
    if not options.quick:
        write_section("The views of one head", section(rows, rate, options.rounds))
    missed = [row for row in rows if not row.met]
    say(f"\n{'Every limit is met.' if not missed else f'{len(missed)} limits are missed.'}")
    return 1 if missed else 0


def told(rows: list[Row]) -> list[Row]:
    for row in rows:
        say(row.line())
    return rows


def section(rows: list[Row], rate: float, rounds: int) -> str:
    load = [r.load for row in rows for r in row.rounds]
    search = next(row for row in rows if isinstance(row.view.task, SearchGreedy))
    step = search.median(lambda r: r.seconds) / SOUGHT
    return "\n".join(
        [
            f"`make bench-head` on {datetime.now(UTC):%Y-%m-%d}: {platform.machine()}, "
            f"{os.cpu_count()} CPU cores shared with other work (load {min(load):.1f} to "
            f"{max(load):.1f}), {torch.get_num_threads()} threads, torch {torch.__version__}, "
            f"GPT-2 small's shape, float32, random weights. One large product runs at {rate:.0f} "
            f"GFLOP/s. Medians of {rounds} rounds taken in turn; at more than {SHORT} tokens a "
            f"view is stopped after {PATIENCE:.0f} s, and then measured once.",
            "",
            HEADER,
            *(row.line() for row in rows),
            "",
            "Each is the task that the page asks for, from the loaded model to its result. `clean "
            "passes` is the ratio to a clean pass of the same prompt, timed just before: "
            f"{clean_passes(rows)}. `wait for a stop` is the longest time between two moments at "
            "which a Cancel is obeyed. The heads are the worst for each view: what is ablated in "
            f"layer 0 runs through every later layer. The search takes {step:.1f} s a head.",
        ]
    )


def clean_passes(rows: list[Row]) -> str:
    """How long one took at each length, and how quick it was at best."""
    said = []
    for n_tokens in dict.fromkeys(row.n_tokens for row in rows):
        same = [r.clean * 1000 for row in rows if row.n_tokens == n_tokens for r in row.rounds]
        said.append(
            f"{statistics.median(same):,.0f} ms at {n_tokens:,} tokens ({min(same):,.0f} at best)"
        )
    return ", ".join(said)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
