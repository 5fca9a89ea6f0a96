"""Two boxes that choose one edge of a head's attention: from a query to a key."""

from collections.abc import Callable

import streamlit as st

from components.state import put, value
from components.widgets.head.context import HeadContext
from core.circuits.knock_out_words import named

CHOSEN = -1
"""For a position: the one that the page or the measurement chooses."""


def query_and_key(
    context: HeadContext,
    prefix: str,
    container: str | None = None,
    first_query: int = 0,
    looks_most: Callable[[int], int] | None = None,
) -> tuple[int | None, int | None]:
    """The chosen query and key positions; None where nobody has chosen.

    The boxes' keys begin with `prefix`; `container` is that of the row. Queries begin at
    `first_query`; a key is never after its query. `looks_most` gives the key that a query looks at
    most, where that is known before anything is measured.
    """
    answer = answer_position(context)
    tokens, of_query, of_key = context.result.sequence, f"{prefix}_query", f"{prefix}_key"
    for name in (of_query, of_key):  # chosen on a longer prompt
        if value(name) >= len(tokens):
            put(name, CHOSEN)
    with st.container(horizontal=True, vertical_alignment="bottom", key=container):
        query = st.selectbox(
            "From (query)",
            [CHOSEN, *range(first_query, len(tokens))],
            key=of_query,
            format_func=lambda at: (
                f"{named(answer, tokens)} (the answer’s)" if at == CHOSEN else named(at, tokens)
            ),
            persist_state="session",
            width=230,
            on_change=put,
            args=(of_key, CHOSEN),
        )
        last = answer if query == CHOSEN else query
        if value(of_key) > last:
            put(of_key, CHOSEN)
        most = "where it looks most"
        if looks_most is not None:
            most = f"{named(looks_most(last), tokens)} (looks most)"
        key = st.selectbox(
            "To (key)",
            [CHOSEN, *range(last + 1)],
            key=of_key,
            format_func=lambda at: most if at == CHOSEN else named(at, tokens),
            persist_state="session",
            width=230,
        )
    return (None if query == CHOSEN else query), (None if key == CHOSEN else key)


def answer_position(context: HeadContext) -> int:
    """Where the answer's first token is read: the query that is taken where none was chosen."""
    return len(context.result.tokens) - 1
