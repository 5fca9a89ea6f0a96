"""A crowd on one server, in which everybody knows what they must see: for `benchmarks/load.py`.

Some speak Streamlit's own protocol (tests/support/streamlit_client.py), some click in real
Chromiums. Each sweeps prompts of their own; what every heatmap must be is computed in this process
beforehand.
"""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from shapes import SEED  # puts tests/ on the path

from support import dashboard_page  # isort: skip
from support.serving import browser  # isort: skip
from support.streamlit_client import Session  # isort: skip

from core import SweepSpec, load_model, run_sweep
from core.results.leading import opening

PATIENCE = 900.0
"""Seconds that a session waits for its page before it counts as lost."""
N_WORDS = 14
"""Words of GPT-2's prompts, each one token; with BOS 15 tokens, as `make bench` has."""

NAMES = ("Tom", "Anna", "John", "Mary", "James", "Sarah", "David", "Lucy", "Peter", "Emma", "Paul")
PLACES = ("park", "store", "school", "house", "office", "garden", "station", "library")
THINGS = ("ball", "book", "drink", "key", "letter", "ring", "cup", "flower")
WORDS = ("quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog")


@dataclass(frozen=True)
class Metric:
    """What is compared: the heatmap's switch, the result's field, its factor to the heatmap's unit,
    and how far two computations of one number may be apart, rounding being all."""

    label: str
    field: str
    factor: float
    tolerance: float
    unit: str


PROB = Metric("prob", "prob_change", 100.0, 0.02, "pp")
LOGPROB = Metric("log prob", "logprob_change", 1.0, 1e-3, "nats")
"""With random weights every token's probability is about 0.002 %: changes of it are none in pp."""


@dataclass(frozen=True)
class Case:
    """A prompt and target, and the heatmap that they must give."""

    prompt: str
    target: str
    expected: np.ndarray


@dataclass
class Found:
    """What a part's sessions have met, of whose `known` cases each has some."""

    known: Sequence[Case]
    waits: list[float] = field(default_factory=list)
    browser_waits: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def check(self, case: Case, seen: np.ndarray, tolerance: float) -> None:
        if not _alike(seen, case.expected, tolerance):
            owner = next(
                (c.prompt for c in self.known if _alike(seen, c.expected, tolerance)), None
            )
            self.wrong.append(
                f"{case.prompt!r} shows what belongs to {owner!r}: {_apart(seen, case.expected)}"
            )


def _alike(seen: np.ndarray, expected: np.ndarray, tolerance: float) -> bool:
    return seen.shape == expected.shape and bool((np.abs(seen - expected) <= tolerance).all())


def _apart(seen: np.ndarray, expected: np.ndarray) -> str:
    """How two heatmaps differ, in words."""
    if seen.shape != expected.shape:
        return f"shape {seen.shape}, not {expected.shape}"
    apart = np.abs(seen - expected)
    return f"{np.isnan(seen).sum()} cells blank, the others up to {np.nanmax(apart):.3g} apart"


def names_prompts() -> list[tuple[str, str]]:
    """Thousands of distinct prompts in the embedded model's words, each with its target."""
    every = [
        (f"When {a} and {b} went to the {place}, {a} gave the {thing} to", f" {b}")
        for a, b in itertools.permutations(NAMES, 2)
        for place in PLACES
        for thing in THINGS
    ]
    random.Random(SEED).shuffle(every)
    return every


def word_prompts(count: int) -> list[tuple[str, str]]:
    """Distinct short prompts in the random checkpoints' words."""
    drawn = random.Random(SEED)
    every = [" ".join(["", *drawn.choices(WORDS, k=N_WORDS)]) for _ in range(count)]
    return [(prompt, " jumps") for prompt in every]


def cases(model: str, metric: Metric, asked: Iterable[tuple[str, str]], count: int) -> list[Case]:
    """What so many of these sweeps must give, computed here.

    A run whose target is nearly certain opens on log odds by itself: with `PROB`, which nobody has
    chosen, such prompts are left out.
    """
    loaded, known = load_model(model, device="cpu"), list[Case]()
    for prompt, target in asked:
        result = run_sweep(loaded, SweepSpec(loaded.name, prompt, target))
        if metric is PROB and opening(result).metric.field != metric.field:
            continue
        known.append(Case(prompt, target, result.values(metric.field) * metric.factor))
        if len(known) == count:
            return known
    raise RuntimeError(f"Of the prompts only {len(known)} open on {metric.label}.")


def least_apart(known: Sequence[Case], metric: Metric) -> float:
    """How far the two most alike heatmaps are apart; an error if a mix-up would not be seen."""
    flat = np.array([case.expected.ravel() for case in known])
    apart = min(
        float(np.abs(flat[i + 1 :] - row).max(axis=1).min()) for i, row in enumerate(flat[:-1])
    )
    if apart < 3 * metric.tolerance:
        raise RuntimeError(f"Two prompts' heatmaps are only {apart:.2g} {metric.unit} apart.")
    return apart


@asynccontextmanager
async def opened(url: str, model: str, metric: Metric) -> AsyncIterator[Session]:
    """A session in which a model is chosen and a metric on screen."""
    async with Session(url, timeout=PATIENCE) as session:
        await session.settled()
        if model != "demo":
            await session.set("model", model)
            await session.settled()
        if metric is not PROB:
            await session.choose("metric", metric.label)
        yield session


async def swept(session: Session, case: Case, metric: Metric, found: Found) -> None:
    """One sweep as a user does it, timed and compared."""
    await session.set("prompt", case.prompt)
    await session.set("target", case.target)
    await session.at_rest()
    pressed = time.perf_counter()
    await session.press("run")
    await session.settled()
    found.waits.append(time.perf_counter() - pressed)
    found.check(case, session.heatmap(), metric.tolerance)


async def visit(
    url: str, model: str, metric: Metric, known: Iterator[Case], found: Found,
    after: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """One session from its first page to its last sweep."""
    try:
        async with opened(url, model, metric) as session:
            for case in known:
                await swept(session, case, metric, found)
                after()
    except Exception as error:  # whatever it is, this user has lost the page
        found.lost.append(f"{type(error).__name__}: {error}")


def visit_in_chromium(
    url: str, model: str, metric: Metric, known: Sequence[Case], found: Found
) -> None:
    """The same by clicking."""
    try:
        with browser() as chromium:
            page = dashboard_page.DashboardPage(dashboard_page.prepared_tab(chromium))
            page.page.set_default_timeout(1000 * PATIENCE)
            page.open(url)
            page.wait_live()
            if model != "demo":
                page.choose_model(model)
            if metric is not PROB:
                page.choose("metric", metric.label)
            for case in known:
                click_through(page, case, metric, found)
            found.lost += page.script_errors
    except Exception as error:  # as above
        found.lost.append(f"Chromium, {type(error).__name__}: {error}")


def click_through(page: Any, case: Case, metric: Metric, found: Found) -> None:
    before = page.page.evaluate(_Z)
    page.type_prompt(case.prompt)
    page.type("target", case.target)
    pressed = time.perf_counter()
    page.run()
    # A busy server may not have begun yet when the page first looks at rest: await another heatmap.
    page.page.wait_for_function(
        f"before => {_Z} !== before && {dashboard_page.FINISHED} &&"
        " document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'",
        arg=before,
    )
    found.browser_waits.append(time.perf_counter() - pressed)
    found.check(case, np.array(page.z(), dtype=float), metric.tolerance)


_Z = "JSON.stringify(Array.from(document.querySelectorAll('.hs-cell'), cell => cell.dataset.value))"


async def all_at_once(
    url: str, model: str, metric: Metric, shares: Sequence[Sequence[Case]], n_browsers: int
) -> Found:
    """Every session and every Chromium with its own share of the cases."""
    found = Found([case for share in shares for case in share])
    clicked, spoken = shares[:n_browsers], shares[n_browsers:]
    await asyncio.gather(
        *(asyncio.to_thread(visit_in_chromium, url, model, metric, s, found) for s in clicked),
        *(visit(url, model, metric, iter(share), found) for share in spoken),
    )
    return found
