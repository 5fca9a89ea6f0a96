"""The question and the locked prediction that everything below is about."""

from contextlib import suppress

import streamlit as st

from components.state import Session, Test
from components.state.hypothesis_page import READ_ONLY
from components.widgets.page.html import show_html
from components.widgets.page.messages import banner
from components.words.markup import fill, words_html
from components.words.timestamps import moment_words
from core.errors import StoreError
from core.exports.prediction_file import prediction_file_name, prediction_json
from core.hypotheses.parse_heads import heads_text
from core.prompts.token_words import typed_answer_words
from core.store.keeper import KEEPER
from core.store.result_kinds import PREDICTIONS
from core.store.run import Label
from core.text.numbers import percent


def under_test(test: Test, state: Session) -> None:
    """What was asked and said, and the way to another hypothesis."""
    spec, made = test.spec, test.prediction
    said = "breaks the answer" if made.breaks else "leaves the answer standing"
    looking = test.locked.looking_words
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
                moment_words(made.made_at),
                looking or "nobody knows whether before looking",
                heads_text(made.heads),
                said,
                percent(made.prob_after),
            )
        )
        _kept(test, state)


def _kept(test: Test, state: Session) -> None:
    """Where it is kept, and its way out of here."""
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        key="prediction_kept",
    ):
        if test.not_kept:
            banner(f"Not kept. {test.not_kept}")
        else:
            origin = "From a file, whose date is its own word. " if test.imported else ""
            said = f"{origin}Kept as prediction {test.id}: this page’s address opens it again."
            show_html(fill('<div class="hs-quiet">{}</div>', said), width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            if test.not_kept and test.not_kept != READ_ONLY:
                st.button("Keep it now", key="keep_prediction", on_click=state.hypothesis.keep)
            st.download_button(
                "Export",
                data=lambda: prediction_json(test.locked, _label(test)),
                file_name=prediction_file_name(test.locked, test.id),
                mime="application/json",
                key="export_prediction",
                icon=":material/download:",
                help="Its JSON, which opens again in Headsweep.",
                on_click="ignore",
            )


def _label(test: Test) -> Label:
    """Its title, note and tags as they are now; none where they cannot be had."""
    if test.id is None:
        return Label()
    name = test.id
    with suppress(StoreError):
        kept = KEEPER.ask(lambda store: store.read(PREDICTIONS, name))
        if kept is not None:
            return kept.label
    return Label()
