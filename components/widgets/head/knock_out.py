"""The small control beside an attention pattern that knocks one edge out."""

from typing import TYPE_CHECKING

import streamlit as st

from components.state import put, value
from components.widgets.head.context import HeadContext
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits.knock_out_words import knock_out_words, named
from core.circuits.tasks import MeasureKnockOut

if TYPE_CHECKING:
    from core.circuits.attention import HeadAttention

CHOSEN = -1
"""For a position: the one that the page chooses."""


def knock_out_control(attention: "HeadAttention", context: HeadContext) -> None:
    """A switch, and under it the edge to knock out with what that does to the answer."""
    if len(context.result.sequence) < 2:  # a single key cannot be knocked out
        return
    st.toggle(
        "Knock an edge out",
        key="knock_out",
        persist_state="session",
        help="The head can no longer look from one token to another: the score is −∞ before the "
        "softmax, and the other weights grow to sum to 1 (Geva et al. 2023, arXiv:2304.14767).",
    )
    if not value("knock_out"):
        return
    with st.container(key="knocked_out"):
        query, key = _edge(attention, context)
        found = task_result(
            context.state,
            "knock_out",
            MeasureKnockOut(context.spec, context.head, query, (key,)),
        )
        if isinstance(found, str):
            note(found)
        elif found is not None:
            note(knock_out_words(found, context.result.sequence, context.metric))


def _edge(attention: "HeadAttention", context: HeadContext) -> tuple[int, int]:
    """The chosen query and key positions."""
    tokens = context.result.sequence
    for name in ("knock_query", "knock_key"):  # chosen on a longer prompt
        if value(name) >= len(tokens):
            put(name, CHOSEN)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = st.selectbox(
            "From (query)",
            [CHOSEN, *range(1, len(tokens))],  # position 0 has one key, which it keeps
            key="knock_query",
            format_func=lambda at: "the answer’s position" if at == CHOSEN else named(at, tokens),
            persist_state="session",
            width=230,
            on_change=put,
            args=("knock_key", CHOSEN),
        )
        last = len(context.result.tokens) - 1 if query == CHOSEN else query
        if value("knock_key") > last:
            put("knock_key", CHOSEN)
        key = st.selectbox(
            "To (key)",
            [CHOSEN, *range(last + 1)],
            key="knock_key",
            format_func=lambda at: "where it looks most" if at == CHOSEN else named(at, tokens),
            persist_state="session",
            width=230,
        )
    most = int(attention.weights[last, : last + 1].argmax())
    return last, most if key == CHOSEN else key
