"""Many sessions on one server: everybody gets their own numbers, and a lost connection loses none.

The sessions speak Streamlit's own protocol (tests/support/streamlit_client.py): a dozen browsers
would need more memory than a laptop has. `make bench-load` has more of them, and real browsers
among them.
"""

import asyncio
from itertools import combinations

import numpy as np
from support.held_server import HELD
from support.streamlit_client import Session, by_itself

from core import SweepSpec, run_sweep

NAMES = ("Tom", "Anna", "John", "Mary", "James", "Sarah")
MORE = ("David", "Lucy", "Peter", "Emma", "Paul", "Jane")
ROUNDING = 0.02
"""Percentage points: other threads, another order of adding up."""


def expected(demo, prompt, target):
    """The heatmap that a prompt must give, in percentage points."""
    result = run_sweep(demo, SweepSpec(model="demo", prompt=prompt, target=target))
    return 100 * result.values("prob_change")


async def sweep(session, prompt, target):
    await session.set("prompt", prompt)
    await session.set("target", target)
    await session.press("run")
    await session.settled()
    return session.heatmap()


async def visit(url, prompt, target):
    """Which session it was, and the heatmap that it sees."""
    async with Session(url) as session:
        await session.settled()
        return session.id, await sweep(session, prompt, target)


def test_a_dozen_sessions_at_once_each_see_their_own_heatmaps(server, demo):
    asked = [
        (f"When {a} and {b} went to the store, {a} gave the ball to", f" {b}")
        for a, b in zip(NAMES + MORE, MORE + NAMES, strict=True)
    ]
    wanted = {each: expected(demo, *each) for each in asked}
    # Or one session's heatmap would pass for another's.
    assert min(np.abs(a - b).max() for a, b in combinations(wanted.values(), 2)) > 3 * ROUNDING

    async def everybody():
        return await asyncio.gather(*(visit(server, *each) for each in asked))

    visits = by_itself(everybody())

    assert len({identity for identity, _ in visits}) == len(asked) == 12
    for each, (_, heatmap) in zip(asked, visits, strict=True):
        np.testing.assert_allclose(heatmap, wanted[each], atol=ROUNDING, rtol=0)


def test_a_session_that_reconnects_in_mid_sweep_gets_its_result(held, demo):
    held.hold(0)
    prompt, target = f"{HELD} sun moon star sun moon", " star"

    async def visit_and_stumble():
        async with Session(held.url) as session:
            await session.settled()
            await session.set("prompt", prompt)
            await session.set("target", target)
            before = session.heatmap()
            await session.press("run")
            await session.until(lambda: session.shows("progress"))
            known = session.id
            await session.reconnect()
            await session.until(lambda: session.shows("cancel_sweep"))
            assert session.id == known
            held.let_go()
            await session.settled()
            return before, session.heatmap()

    before, seen = by_itself(visit_and_stumble())

    wanted = expected(demo, prompt, target)
    assert np.abs(before - wanted).max() > ROUNDING
    np.testing.assert_allclose(seen, wanted, atol=ROUNDING, rtol=0)
