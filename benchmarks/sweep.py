"""The sweep against the notebook's loop and against its own matrix products: `make bench`.

All in one run, taken in turn, because machines differ and are shared: only ratios mean something.
Three times for each shape and prompt length:

- loop: the notebook's own, one full pass a head through TransformerBridge with its hook and with
  autograd on, as it leaves it (measured on some heads and scaled up: every pass costs the same);
- sweep: `run_sweep`, everything included: clean run, growing pass, scoring, the result's rows;
- products: the sweep's own matrix products with weights, done again and nothing else.

Exits with 1 if a target is missed. Writes its section of benchmarks/RESULTS.md.
"""

import argparse
import platform
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from results import write_section
from shapes import (
    Peak,
    Products,
    gpt2,
    llama_small,
    machine_rate,
    notebook_loop,
    prompt_of,
    pythia_160m,
    saved,
    side_by_side,
)

from core import SweepSpec, load_model, run_sweep
from core.engine.oracle import load_oracle
from core.spec.heads import all_heads

LOOP_HEADS = 24


@dataclass(frozen=True)
class Target:
    """What a row must meet: times faster than the loop, times the products."""

    over_loop: float | None = None
    over_products: float | None = None


@dataclass(frozen=True)
class Row:
    shape: str
    n_tokens: int
    positions: str
    n_heads: int
    loop: float
    sweep: float
    products: float
    gflop: float
    peak: float | None
    target: Target

    @property
    def over_loop(self) -> float:
        return self.loop / self.sweep

    @property
    def over_products(self) -> float:
        return self.sweep / self.products

    @property
    def met(self) -> bool:
        wanted = self.target
        slow = wanted.over_loop is not None and self.over_loop < wanted.over_loop
        wasteful = wanted.over_products is not None and self.over_products > wanted.over_products
        return not slow and not wasteful

    def line(self) -> str:
        peak = "" if self.peak is None else f"{self.peak:,.0f} MB"
        wanted = [
            "" if self.target.over_loop is None else f"≥ {self.target.over_loop:g} x loop",
            "" if self.target.over_products is None else f"≤ {self.target.over_products:g}",
        ]
        said = ", ".join(filter(None, wanted))
        verdict = "" if not said else f"{said}: {'met' if self.met else 'MISSED'}"
        return (
            f"| {self.shape} | {self.n_tokens} | {self.positions} | {self.loop:.1f} s "
            f"| {self.sweep:.2f} s | {self.products:.2f} s ({self.gflop:,.0f} GFLOP) "
            f"| {self.over_loop:.1f} | {self.over_products:.2f} | {peak} | {verdict} |"
        )


HEADER = (
    "| shape | tokens | positions | loop | sweep | products | loop / sweep | sweep / products "
    "| peak memory | target |\n|---|---|---|---|---|---|---|---|---|---|"
)


def measure(
    shape: str, folder: Path, n_tokens: int, target: Target, rounds: int, positions: str = "all"
) -> Row:
    model, bridge = load_model(str(folder), device="cpu"), load_oracle(folder)
    # BOS is one of the tokens.
    spec = SweepSpec(
        model=model.name,
        prompt=prompt_of(n_tokens - 1),
        target=" jumps",
        positions=positions,
        prepend_bos=True,
    )
    heads = all_heads(model.n_layers, model.n_heads)
    some = heads[:: max(1, len(heads) // LOOP_HEADS)]
    # The first run, before the allocator keeps anything back from an earlier one.
    with Products() as recorded, Peak() as peak:
        run_sweep(model, spec)
    times = side_by_side(
        rounds,
        loop=notebook_loop(bridge, model, spec, some),
        sweep=lambda: run_sweep(model, spec),
        products=recorded.again(),
    )
    return Row(
        shape,
        n_tokens,
        positions,
        len(heads),
        times["loop"] * len(heads) / len(some),
        times["sweep"],
        times["products"],
        recorded.gflop,
        peak.megabytes,
        target,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="15 tokens of GPT-2's shape only")
    options = parser.parse_args()
    rate = machine_rate()
    say(f"{torch.get_num_threads()} threads, one large product: {rate:.0f} GFLOP/s\n\n{HEADER}")
    rows = []

    def add(*arguments, **more) -> None:
        rows.append(measure(*arguments, options.rounds, **more))
        say(rows[-1].line())

    with saved(gpt2()) as folder:
        add("GPT-2 small", folder, 15, Target(13, 1.25))
        if not options.quick:
            add("GPT-2 small", folder, 64, Target(7, 1.5))
            add("GPT-2 small", folder, 256, Target())
            add("GPT-2 small", folder, 256, Target(), positions="last")
            single_pass = rows[-1].loop / rows[-1].n_heads
            say(
                f"\nA last-position sweep of 256 tokens takes "
                f"{rows[-1].sweep / single_pass:.1f} of the loop's single passes, not 144.\n"
            )
    if not options.quick:
        for shape, config in (("Pythia 160m", pythia_160m()), ("Llama, 12 x 12", llama_small())):
            with saved(config) as folder:
                for n_tokens in (15, 64):
                    add(shape, folder, n_tokens, Target(None, 1.6))
        _write(rate, rows)
    missed = [row for row in rows if not row.met]
    say(f"\n{'Every target is met.' if not missed else f'{len(missed)} targets are missed.'}")
    return 1 if missed else 0


def _write(rate: float, rows: list[Row]) -> None:
    last = next(row for row in rows if row.positions == "last")
    passes = last.sweep / (last.loop / last.n_heads)
    text = "\n".join(
        [
            f"`make bench` on {datetime.now(UTC):%Y-%m-%d}: {platform.machine()}, "
            f"{torch.get_num_threads()} threads, torch {torch.__version__}, float32, random "
            f"weights. One large product runs at {rate:.0f} GFLOP/s on this machine. Times are "
            "medians of rounds taken in turn; only their ratios carry over to another machine.",
            "",
            HEADER,
            *(row.line() for row in rows),
            "",
            "`loop` is the notebook's: one full pass a head through TransformerBridge. `products` "
            "are the sweep's own matrix products with weights, done again and nothing else. "
            f"A last-position sweep of 256 tokens costs {passes:.1f} single passes of the loop, "
            "not 144.",
        ]
    )
    write_section("The sweep", text)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
