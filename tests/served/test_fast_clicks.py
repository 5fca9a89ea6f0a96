"""Clicks faster than the page is drawn: its runs overtake each other, and none may fail.

The session speaks Streamlit's own protocol, so that each click meets a run where it is meant to.
"""

import asyncio
from contextlib import suppress

from support.held_server import HELD
from support.streamlit_client import Session, by_itself

from core.results.metrics import METRICS

CLICKS = 5
ALTERNATING = METRICS[:2]


def shows(session, metric):
    """Whether the heatmap's name, which only its script writes out, is of a metric."""
    with suppress(LookupError):
        return f". {metric.title}. " in session.page.grid().content.bidi_component.json
    return False


async def open_a_head(session):
    """One of those that the page offers; while heads come in, it offers others."""
    while not session.shows("head_views"):
        offered = [node.key for node in session.page.nodes.values() if node.key[:5] == "open-"]
        with suppress(LookupError):
            await session.press(offered[0])
        await session.at_rest()


async def hurry(url):
    """Click while a run waits for the map, past the sweep's bar; returns what bars there are."""
    async with Session(url, timeout=200) as session:
        await session.settled()
        await session.set("prompt", f"{HELD} up down left up down")
        await session.set("target", " left")
        await session.press("run")
        await session.until(lambda: session.text("headline").startswith("So far"))
        await open_a_head(session)
        # Held too: every run of the page waits a second for the map of the whole model, after
        # it has drawn the sweep's bar and before it draws the map's.
        await session.choose("head_view", "Where it matters")
        await session.choose("where_scope", "The whole model")
        await session.at_rest()
        for click in range(CLICKS):
            metric = ALTERNATING[(click + 1) % 2]
            await session.choose_at_once("metric", metric.short)
            await session.until(lambda metric=metric: shows(session, metric))
            await asyncio.sleep(0.5)
        await session.at_rest()
        return {key for key in ("progress", "progress_view") if session.shows(key)}


def test_clicks_that_overtake_each_other_leave_no_traceback_in_the_log(held):
    before = len(held.log.read_text())
    held.hold(4)
    held.wait_longer(1)
    assert by_itself(hurry(held.url)) == {"progress", "progress_view"}
    assert "Traceback" not in held.log.read_text()[before:]
