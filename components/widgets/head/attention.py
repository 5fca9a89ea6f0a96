"""What a head looks at: its attention pattern, and the prompt to read with it."""

import streamlit as st

from components.figures.attention import MAX_POSITIONS, attention_pattern
from components.state import value
from components.widgets.head.context import HeadContext, chart, subtitle
from components.widgets.head.knock_out import knock_out_control, knocked_out
from components.widgets.head.reading_view import reading_html
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.widgets.page.task_result import task_result
from core.circuits.figure_captions import PATTERN
from core.circuits.tasks import MeasureAttention
from core.text.words import phrase


def attention_view(context: HeadContext) -> None:
    """The pattern as a heatmap, and the same as a text whose tokens tell what they attend to."""
    found = task_result(context.state, "view", MeasureAttention(context.spec, context.head))
    if found is None:
        return
    tokens = context.result.sequence
    weighted = found.value_weighted is not None and bool(value("value_weighted"))
    reading, picture = st.columns([1, 1], gap="large")
    with reading:
        subtitle(phrase("Read with it: hover a token, click to hold it"))
        show_html(reading_html(found.weights, tokens, len(context.result.tokens) - 1))
    with picture:
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            subtitle(PATTERN)
        chart(
            attention_pattern(
                found.value_weighted if weighted else found.weights,
                tokens,
                context.look,
                unit="weight × ‖v W_O‖" if weighted else "attention weight",
                top=None if weighted else 1.0,
                outlined=knocked_out(found, context),
            ),
            f"attention-{context.head.label}-{weighted}",
            f"Attention pattern of {context.head.label} over the prompt; the text beside it has "
            "the same numbers",
        )
        if len(tokens) > MAX_POSITIONS:
            note("Long prompt: a cell is the largest weight among several positions.")
        if found.value_weighted is not None:
            st.toggle(
                "Weight by the length of what is moved, ‖v W_O‖",
                key="value_weighted",
                persist_state="session",
                help="A weight says where a head looks, not how much it takes from there "
                "(Kobayashi et al. 2020, arXiv:2004.10102). The picture changes, the text keeps "
                "the plain weights.",
            )
        else:
            note("How long each value is cannot be read on this model.")
        knock_out_control(found, context)
