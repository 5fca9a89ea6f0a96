"""The small control beside an attention pattern that knocks edges out."""

from typing import TYPE_CHECKING

import streamlit as st

from components.state import value
from components.widgets.head.context import HeadContext
from components.widgets.head.query_and_key import answer_position, query_and_key
from components.widgets.page.messages import error_message, note
from components.widgets.page.task_result import task_result
from core.circuits.knock_out_words import WHY_MORE, knock_out_words
from core.circuits.knocked_edges import typed_spans
from core.circuits.tasks import MeasureKnockOut
from core.errors import InputError
from core.prompts.token_words import answer_words
from core.text.words import plain

if TYPE_CHECKING:
    from core.circuits.attention import HeadAttention


def knock_out_control(attention: "HeadAttention", context: HeadContext) -> None:
    """A switch, and under it the edges to knock out with what that does to the answer."""
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
        try:
            keys, layers = _typed()
        except InputError as error:
            error_message(str(error))
            return
        task = MeasureKnockOut(context.spec, context.head, query, keys or (key,), layers)
        found = task_result(context.state, "knock_out", task)
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
    """The edges (query, key) that the control has knocked out of this head, before it is drawn."""
    n, query, key = len(context.result.sequence), value("knock_query"), value("knock_key")
    if n < 2 or not value("knock_out"):
        return []
    try:
        keys, layers = _spans()
    except InputError:  # which the control says
        return []
    if layers and context.head.layer not in layers:
        return []
    at = query if 0 < query < n else answer_position(context)
    one = key if 0 <= key <= at else _looks_most(attention, at)
    return [(at, each) for each in keys or (one,) if each <= at]


def _looks_most(attention: "HeadAttention", query: int) -> int:
    return int(attention.weights[query, : query + 1].argmax())


def _typed() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Several keys, and the layers whose heads all lose them; () where nothing is typed.

    Raises `InputError` for a text that is no list of numbers.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, label, example in (
            ("knock_keys", "Or to several keys", "2-6 or 2,4"),
            ("knock_layers", "In all heads of layers", "0-1; empty: this head"),
        ):
            st.text_input(label, key=key, placeholder=example, persist_state="session", width=230)
    return _spans()


def _spans() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What is typed in the two boxes; raises `InputError` as `_typed` does."""
    keys, layers = (str(value(key) or "").strip() for key in ("knock_keys", "knock_layers"))
    return (
        typed_spans(keys, "keys") if keys else (),
        typed_spans(layers, "layers") if layers else (),
    )
