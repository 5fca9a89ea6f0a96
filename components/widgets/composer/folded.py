"""The composer as one line: what is asked of which model, and a way to change it."""

import streamlit as st
from markupsafe import Markup

from components.state import Session, same_sweep
from components.widgets.composer.draft import Draft
from components.widgets.composer.model_choice import run_label
from components.widgets.composer.prompt_box import strip_of_draft, strip_of_sweep
from components.widgets.composer.token_strip import Strip, answer_chips, prompt_chips
from components.widgets.page.html import show_html
from components.words.markup import fill, joined_html, words_html
from core.prompts.token_words import typed_answer_words
from core.spec.spec import SweepSpec

SHOWN = 40
"""Tokens of the prompt's end that stand in the line; all of them do in the open composer."""
MOST_TYPED = 200
"""Characters of it, where they are no tokens yet."""


def is_folded(state: Session, draft: Draft) -> bool:
    """Whether there is nothing to do in the composer but to read it.

    It is open where nothing is on screen, where something in it needs a correction, and where it
    asks for another sweep than the one on screen or under way; else as its reader wants it.
    """
    shown, asked = state.sweep.result, draft.requested
    if shown is None or asked is None or draft.errors or state.models.is_untrusted(draft.name):
        return False
    if state.composer.opened is not None:
        return not state.composer.opened
    return state.sweep.is_coming(asked) or same_sweep(asked, shown)


def folded_composer(state: Session, draft: Draft) -> None:
    """Draw the line."""
    assert draft.requested is not None
    with st.container(
        key="composer_line",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        show_html(_line(state, draft, draft.requested))
        with st.container(horizontal=True, width="content", gap="small"):
            st.button(
                "Edit",
                key="edit",
                icon=":material/edit:",
                on_click=state.composer.open,
                help="Another prompt, target, model or kind of ablation",
            )
            answered = state.sweep.result is not None and _is_answered(state, draft.requested)
            st.button(
                run_label(draft),
                key="run",
                type="secondary" if answered else "primary",
                disabled=draft.spec is None,
                on_click=state.composer.press,
            )


def _is_answered(state: Session, asked: SweepSpec) -> bool:
    shown = state.sweep.result
    return shown is not None and shown.complete and same_sweep(asked, shown)


def _line(state: Session, draft: Draft, asked: SweepSpec) -> Markup:
    shown = state.sweep.result
    is_shown = shown is not None and same_sweep(asked, shown)
    strip = strip_of_sweep(shown) if shown is not None and is_shown else strip_of_draft(draft)
    foil = fill("")
    if asked.foil is not None:
        said = words_html(typed_answer_words(asked.foil))
        foil = fill('<span class="hs-quiet">foil</span> {}', said)
    return fill(
        '<div class="hs-line"><div class="hs-line-asked">{}{}</div>'
        '<div class="hs-quiet">{} · {}</div></div>',
        _typed(asked) if strip is None else _tokens(strip),
        foil,
        asked.model,
        asked.in_words(),
    )


def _tokens(strip: Strip) -> Markup:
    chips = prompt_chips(strip)
    before = len(chips) - SHOWN
    cut = fill('<span class="hs-quiet">… {:,} before …</span>', before) if before > 0 else fill("")
    return fill(
        '<span class="hs-line-prompt" role="list" aria-label="tokens">{}{}</span>'
        '<span class="hs-line-answer" role="list" aria-label="target">{}</span>',
        cut,
        joined_html(chips[-SHOWN:]),
        answer_chips(strip),
    )


def _typed(asked: SweepSpec) -> Markup:
    """As it was typed, where no tokenizer is at hand."""
    return fill(
        '<span class="hs-line-prompt">{}</span>'
        '<span class="hs-line-answer"><span class="hs-quiet">→</span> {}</span>',
        asked.prompt[-MOST_TYPED:],
        words_html(typed_answer_words(asked.target)),
    )
