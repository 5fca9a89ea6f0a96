"""What feeds a head: every earlier head's path into its queries, keys and values."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.figures.base.grids import Panel, grids
from components.state import put, value
from components.widgets.head.context import (
    ATTENTION,
    HeadContext,
    contributions,
    head_chart,
    subtitle,
)
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits import figure_captions
from core.circuits.tasks import MeasurePathPatching
from core.prompts.tokens import visible_text
from core.text.numbers import signed

if TYPE_CHECKING:
    from core.circuits.path_patching import PathPatching


CHOSEN = -1
"""For a position: the one that the measurement chooses."""
LEAST = 0.005
"""A change that two digits would show as 0 is not listed."""


def path_patching_view(context: HeadContext) -> None:
    """Grids of path-patched changes through Q, K and V, composition scores beneath them."""
    query, key = _pair(context)
    found = task_result(
        context.state, "view", MeasurePathPatching(context.spec, context.head, query, key)
    )
    if found is None:
        return
    if isinstance(found, str):
        note(found)
        return
    tokens = context.result.sequence
    note(
        f"{context.head.label} looks from {_named(found.query, tokens)} to "
        f"{_named(found.key, tokens)} with weight {found.weight:.2f}, nothing ablated. "
        f"Each cell: one earlier head ablated ({context.spec.in_words()}) on its path into this "
        "head alone, everything between as it was."
    )
    if context.head.layer == 0:
        note("A head of layer 0 reads the embeddings: no head comes before it.")
        return
    _paths(found, context)


def _paths(found: "PathPatching", context: HeadContext) -> None:
    earlier = context.head.layer  # later layers feed nothing into this one
    looking, moving = st.columns([2, 1], gap="large")
    with looking:
        subtitle(figure_captions.ATTENTION_PATHS)
        head_chart(
            grids(
                [
                    Panel("through Q", found.by_query[:earlier]),
                    Panel("through K", found.by_key[:earlier]),
                ],
                "attention",
                context.look,
                least=ATTENTION,
            ),
            "feeds",
            "Path-patched change of the attention weight, by earlier head",
            context.state,
        )
    with moving:
        subtitle(figure_captions.value_paths(found.against))
        head_chart(
            contributions(Panel("through V", found.by_value[:earlier]), context.look),
            "feeds-v",
            "Path-patched change of the direct contribution, by earlier head",
            context.state,
        )
    strongest, weights = st.columns([1, 2], gap="large")
    with strongest:
        subtitle(figure_captions.STRONGEST_PATHS)
        _table(found)
    with weights:
        _composition(found, context)


def _table(found: "PathPatching") -> None:
    rows = [
        {"through": name, "head": head.label, "change": f"{signed(change, 2)} {unit}"}
        for way, name, unit in (("query", "Q", "attention"), ("key", "K", "attention"),
                                ("value", "V", "logits"))
        for head, change in found.strongest(way, 3)
        if abs(change) >= LEAST
    ]  # fmt: skip
    with st.container(key="feeders"):
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")


def _composition(found: "PathPatching", context: HeadContext) -> None:
    if (scores := found.composition) is None:
        return
    subtitle(figure_captions.composition(scores.random))
    head_chart(
        grids(
            [
                Panel(name, by[: context.head.layer])
                for name, by in (("Q", scores.query), ("K", scores.key), ("V", scores.value))
            ],
            "score, 0 to 1",
            context.look,
            signed=False,
        ),
        "composition",
        "Composition scores of every earlier head with this one, through Q, K and V",
        context.state,
    )


def _pair(context: HeadContext) -> tuple[int | None, int | None]:
    """The chosen query and key positions; None where the page chooses."""
    tokens = context.result.sequence
    for name in ("feed_query", "feed_key"):  # chosen on a longer prompt
        if value(name) >= len(tokens):
            put(name, CHOSEN)
    with st.container(horizontal=True, vertical_alignment="bottom", key="pair"):
        query = st.selectbox(
            "From (query)",
            [CHOSEN, *range(len(tokens))],
            key="feed_query",
            format_func=lambda at: "the answer’s position" if at == CHOSEN else _named(at, tokens),
            persist_state="session",
            width=230,
            on_change=put,
            args=("feed_key", CHOSEN),
        )
        last = len(context.result.tokens) - 1 if query == CHOSEN else query
        if value("feed_key") > last:
            put("feed_key", CHOSEN)
        key = st.selectbox(
            "To (key)",
            [CHOSEN, *range(last + 1)],
            key="feed_key",
            format_func=lambda at: "where it looks most" if at == CHOSEN else _named(at, tokens),
            persist_state="session",
            width=230,
        )
    return (None if query == CHOSEN else query), (None if key == CHOSEN else key)


def _named(position: int, tokens: tuple[str, ...]) -> str:
    return f"{position} {visible_text(tokens[position])[:24]}"
