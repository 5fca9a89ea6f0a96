"""What no page sends over its websocket: each is ignored, or ends in a sentence, on every page.

In one message every widget of a page has another kind of value that is not its own, or that is, and
absurd. A traceback, on the page or in the log, is a failure.
"""

import os
import random
from contextlib import suppress

import pytest
from support.forged import for_widgets, messages
from support.head_grid import EVENTS
from support.streamlit_client import Session, SessionLostError, by_itself

SEED = int(os.environ.get("HOSTILE_SEED") or 0)
MESSAGES = 3
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
                nodes = list(session.page.nodes.values())
                widgets = [node.id for node in nodes if node.id]
                widgets += [EVENTS.format(n.id) for n in nodes if n.kind == "bidi_component"]
                states = list(for_widgets(widgets, drawn))
                await session.forge(states)
                assert session.page.nodes
                tried(len(states))

    by_itself(forge())
    assert "Traceback" not in log.read_text(encoding="utf-8", errors="replace")[before:]


def test_no_message_that_no_page_sends_fails_a_session(server, server_folder, tried):
    log = server_folder / "log.txt"
    before = log.stat().st_size

    async def say() -> None:
        left = messages("no-such-session")
        while (raw := next(left, None)) is not None:
            # Where that was no message the server hangs up, and another session goes on.
            async with Session(server, "compare") as session:
                with suppress(SessionLostError):
                    while raw is not None:
                        await session.say(raw)
                        raw = next(left, None)
                        tried()

    by_itself(say())
    said = log.read_text(encoding="utf-8", errors="replace")[before:]
    assert "Traceback" not in said
    assert len(said) < 10_000
