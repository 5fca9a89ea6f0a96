"""What feeds a head: every earlier head's path into its queries, keys and values."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.figures.base.grids import Panel, grids
from components.state import value
from components.widgets.head.context import (
    ATTENTION,
    ATTENTION_UNIT,
    HeadContext,
    contributions,
    head_chart,
    subtitle,
)
from components.widgets.head.query_and_key import query_and_key
from components.widgets.page.messages import note
from components.widgets.page.number_table import number_table, with_sign
from components.widgets.page.task_result import task_result
from core.circuits import figure_captions
from core.circuits.edge import Edge
from core.circuits.knock_out_words import named
from core.circuits.spread_words import STANDS_OUT, composition_spread
from core.circuits.tasks import MeasurePathPatching
from core.results.leading import NOTABLE_NATS, leading_of
from core.text.words import plain

if TYPE_CHECKING:
    from core.circuits.path_patching import AnswerChanges, PathPatching


ANSWER = "answer"
MEASURES = {"attention": "where it looks", ANSWER: "the answer"}
"""What the change is measured on, by the value in the switch."""
WAYS = {"query": "Q", "key": "K", "value": "V"}
DIGITS = 2
"""After the point, in maps and table alike; a change that reads as 0 is not listed."""


def path_patching_view(context: HeadContext) -> None:
    """Grids of path-patched changes through Q, K and V, composition scores beneath them."""
    edge, on_answer = _choices()
    # The answer's change is the head's whole input's, whatever position it looks from.
    query, key = (None, None) if on_answer else query_and_key(context, "feed", "pair")
    whole_group = on_answer and bool(value("feed_group"))
    task = MeasurePathPatching(context.spec, context.head, query, key, edge, on_answer, whole_group)
    found = task_result(context.state, "view", task)
    if found is None:
        return
    if isinstance(found, str):
        note(found)
        return
    _said(found, context)
    if context.head.layer == 0:
        note("A head of layer 0 reads the embeddings: no head comes before it.")
        return
    if found.answer is None:
        _attention_paths(found, context)
    else:
        _answer_paths(found, found.answer, context)
    strongest, weights = st.columns([1, 2], gap="large")
    with strongest:
        subtitle(figure_captions.STRONGEST_PATHS)
        _table(found, leading_of(context.result).unit)
    with weights:
        _composition(found, context)


def _choices() -> tuple[Edge, bool]:
    """The chosen edge, and whether the answer is measured."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="paths"):
        st.segmented_control(
            "Along which edge",
            [edge.value for edge in Edge],
            key="feed_edge",
            format_func=lambda edge: Edge(edge).label,
            required=True,
            persist_state="session",
            help="Residual stream only: heads and MLPs between the two stay as they were (ACDC; "
            "Goldowsky-Dill et al. 2023, arXiv:2304.05969). Through the MLPs too: heads stay as "
            "they were, MLPs are recomputed (Wang et al. 2022, arXiv:2211.00593). The two rank "
            "heads differently.",
        )
        st.segmented_control(
            "Measured on",
            list(MEASURES),
            key="feed_measure",
            format_func=MEASURES.__getitem__,
            required=True,
            persist_state="session",
        )
    return Edge(value("feed_edge")), value("feed_measure") == ANSWER


def _said(found: "PathPatching", context: HeadContext) -> None:
    tokens, head = context.result.sequence, context.head.label
    where = (
        f"{head} looks from {named(found.query, tokens)} to {named(found.key, tokens)} with weight "
        f"{found.weight:.2f}, nothing ablated."
        if found.answer is None
        else f"Whatever position {head} looks from: its whole input is patched."
    )
    note(
        f"{where} Each cell: one earlier head ablated ({context.spec.in_words()}) on its path into "
        f"{head} alone; {found.edge.between}."
    )
    note(plain(figure_captions.path_signs(context.head, on_answer=found.answer is not None)))
    if found.answer is not None and len(found.sharing) > 1:
        whole = len(found.answer.heads) > 1
        note(plain(figure_captions.shared_inputs(found.head, found.sharing, whole)))
        st.toggle("Patch the whole group", key="feed_group", persist_state="session")


def _attention_paths(found: "PathPatching", context: HeadContext) -> None:
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
                ATTENTION_UNIT,
                context.look,
                least=ATTENTION,
                digits=DIGITS,
            ),
            "feeds",
            "Path-patched change of the attention weight, by earlier head",
            context.state,
        )
    with moving:
        subtitle(figure_captions.value_paths(found.against))
        head_chart(
            contributions(
                Panel("through V", found.by_value[:earlier]), context.look, digits=DIGITS
            ),
            "feeds-v",
            "Path-patched change of the direct contribution, by earlier head",
            context.state,
        )


def _answer_paths(found: "PathPatching", answer: "AnswerChanges", context: HeadContext) -> None:
    earlier, metric = context.head.layer, leading_of(context.result)
    subtitle(figure_captions.answer_paths(metric))
    head_chart(
        grids(
            [
                Panel("through Q", answer.by_query[:earlier]),
                Panel("through K", answer.by_key[:earlier]),
                Panel("through V", answer.by_value[:earlier]),
            ],
            metric.unit,
            context.look,
            least=NOTABLE_NATS,
            digits=DIGITS,
        ),
        "feeds-answer",
        "Path-patched change of the answer, by earlier head",
        context.state,
    )


def _table(found: "PathPatching", unit: str) -> None:
    """The three strongest through each input; a change is a number, so that it sorts as one."""
    answer = found.answer
    units = (ATTENTION_UNIT, ATTENTION_UNIT, unit) if answer is None else (unit,) * len(WAYS)
    rows = [
        {"through": name, "head": head.label, "change": change, "unit": unit_of}
        for (way, name), unit_of in zip(WAYS.items(), units, strict=True)
        for head, change in (found if answer is None else answer).strongest(way, 3)
        if round(abs(change), DIGITS) > 0
    ]
    with st.container(key="feeders"):
        frame = pd.DataFrame(rows, columns=["through", "head", "change", "unit"])
        st.dataframe(
            number_table(frame, {"change": with_sign(DIGITS)}), hide_index=True, height="content"
        )


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
            begin=scores.random,
            # Where none stands out all are pale, and not the largest of them dark.
            least=STANDS_OUT * scores.random,
        ),
        "composition",
        "Composition scores of every earlier head with this one, through Q, K and V",
        context.state,
    )
    note(composition_spread(scores))
