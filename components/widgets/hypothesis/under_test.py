"""The question and the locked prediction that everything below is about."""

import streamlit as st

from components.state import Session, Test
from components.widgets.page.html import show_html
from components.words.markup import fill, words_html
from core.hypotheses.parse_heads import heads_text
from core.prompts.token_words import typed_answer_words
from core.text.numbers import percent


def under_test(test: Test, state: Session) -> None:
    """What was asked and said, and the way to another hypothesis."""
    spec, made = test.spec, test.prediction
    said = "breaks the answer" if made.breaks else "leaves the answer standing"
    when = made.made_at.replace("T", " ").replace("+00:00", " UTC")
    looking = "after looking" if made.after_looking else "before looking"
    with st.container(border=True, key="under_test"):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            show_html(
                fill(
                    '<div class="hs-words">“{}” → {}</div><div class="hs-quiet">{} · {}</div>',
                    spec.prompt,
                    words_html(typed_answer_words(spec.target)),
                    spec.model,
                    spec.in_words(),
                )
            )
            st.button(
                "Another hypothesis",
                key="new_hypothesis",
                on_click=state.hypothesis.end,
                icon=":material/edit:",
            )
        show_html(
            fill(
                '<div class="hs-note"><b>Locked {}, {}</b>: ablating {} {}, with P(target) at '
                "{}.</div>",
                when,
                looking,
                heads_text(made.heads),
                said,
                percent(made.prob_after),
            )
        )
