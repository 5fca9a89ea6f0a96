"""The question and the locked prediction that everything below is about."""

import streamlit as st

from components.state import Session, Test
from components.words.escaping import as_html
from components.words.page_html import words_html
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
            st.html(
                f'<div class="hs-words">“{as_html(spec.prompt)}” → '
                f"{words_html(typed_answer_words(spec.target))}</div>"
                f'<div class="hs-quiet">{as_html(spec.model)} · {as_html(spec.in_words())}</div>',
                width="stretch",
            )
            st.button(
                "Another hypothesis",
                key="new_hypothesis",
                on_click=state.hypothesis.end,
                icon=":material/edit:",
            )
        st.html(
            f'<div class="hs-note"><b>Locked {as_html(when)}, {looking}</b>: removing '
            f"{as_html(heads_text(made.heads))} {said}, with P(target) at "
            f"{percent(made.prob_after)}.</div>"
        )
