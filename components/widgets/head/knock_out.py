"""The small control beside an attention pattern that knocks one edge out."""

from typing import TYPE_CHECKING

import streamlit as st

from components.state import value
from components.widgets.head.context import HeadContext
from components.widgets.head.query_and_key import answer_position, query_and_key
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits.knock_out_words import WHY_MORE, knock_out_words
from core.circuits.tasks import MeasureKnockOut
from core.prompts.token_words import answer_words
from core.text.words import plain

if TYPE_CHECKING:
    from core.circuits.attention import HeadAttention


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
            answer = plain(answer_words(context.result.target_tokens, context.spec.target))
            note(knock_out_words(found, context.result.sequence, context.metric, answer))
            note(WHY_MORE)


def _edge(attention: "HeadAttention", context: HeadContext) -> tuple[int, int]:
    """The chosen query and key positions; by default where the answer's position looks most."""
    # Position 0 has one key, which it keeps.
    query, key = query_and_key(
        context, "knock", first_query=1, looks_most=lambda at: _looks_most(attention, at)
    )
    at = answer_position(context) if query is None else query
    return at, _looks_most(attention, at) if key is None else key


def knocked_out(attention: "HeadAttention", context: HeadContext) -> list[tuple[int, int]]:
    """The edge (query, key) that the control has knocked out, before it is drawn; [] for none."""
    n, query, key = len(context.result.sequence), value("knock_query"), value("knock_key")
    if n < 2 or not value("knock_out"):
        return []
    at = query if 0 < query < n else answer_position(context)
    return [(at, key if 0 <= key <= at else _looks_most(attention, at))]


def _looks_most(attention: "HeadAttention", query: int) -> int:
    return int(attention.weights[query, : query + 1].argmax())
