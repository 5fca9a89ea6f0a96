"""Widgets' values that no page sends: each is ignored, or ends in a sentence, on every page.

In one message every widget of a page has another kind of value that is not its own, or that is, and
absurd. A traceback, on the page or in the log, is a failure.
"""

import itertools
import os
import random

import pytest
from support.forged import forged, unknown
from support.streamlit_client import Session, by_itself

SEED = int(os.environ.get("HOSTILE_SEED") or 0)
MESSAGES = 5
"""To a page: a widget has so many of its forged values in one run of the test."""
ADDRESSES = (
    ("", ""),
    ("", "ablation=mean&head=L0H1&view=route"),
    ("hypothesis", ""),
    ("patching", ""),
    ("history", ""),
    ("compare", ""),
)


@pytest.mark.parametrize(("page", "query"), ADDRESSES)
def test_no_value_that_a_widget_does_not_have_fails_a_page(
    server, server_folder, page, query, tried
):
    log = server_folder / "log.txt"
    before = log.stat().st_size
    drawn = random.Random(f"{SEED} {page} {query}")

    async def forge() -> None:
        async with Session(server, page, query) as session:
            await session.settled()
            for _ in range(MESSAGES):
                states = list(forged_values(session, drawn))
                await session.forge(states)
                assert session.page.nodes
                tried(len(states))

    by_itself(forge())
    assert "Traceback" not in log.read_text(encoding="utf-8", errors="replace")[before:]


def forged_values(session, drawn):
    """One forged value for each widget of the page, and some for widgets that there are not.

    A button that is pressed is no forgery: that is left out.
    """
    every = list(forged(""))
    drawn.shuffle(every)
    kinds = itertools.cycle(every)
    for node in list(session.page.nodes.values()):
        if node.id.startswith("$$ID"):
            state = type(every[0][1])()
            state.CopyFrom(next(kind for _, kind in kinds if not kind.trigger_value))
            state.id = node.id
            yield state
    yield from unknown()
