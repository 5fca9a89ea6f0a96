"""The composer: prompt and answers, model, what replaces a head's output and where, Run."""

import streamlit as st

from components.state import Session, value
from components.widgets.composer.answer_boxes import answer_boxes
from components.widgets.composer.corrupted_prompt import corrupted_prompt
from components.widgets.composer.draft import Draft, read_draft
from components.widgets.composer.folded import folded_composer, is_folded
from components.widgets.composer.model_choice import model_box, model_trouble, run_label
from components.widgets.composer.more_choices import more_choices
from components.widgets.composer.positions_choice import positions_box, positions_trouble
from components.widgets.composer.prompt_box import prompt_box
from components.widgets.composer.reference_choice import reference_choice
from components.widgets.composer.starters import starters
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill
from core.spec.ablation import AblationKind, Needs
from core.text.glossary import meaning

_PLACED = {"prompt", "target", "foil", "model", "positions", "reference", "corrupted_prompt"}
"""Fields whose errors are shown beneath them; any other's are shown above Run."""


def composer(state: Session, draft: Draft) -> None:
    """Draw the composer: one line once it is answered, else its fields with Run."""
    with st.container(border=True, key="composer"):
        if is_folded(state, draft):
            folded_composer(state, draft)
            return
        _fields(draft, state)
        _run_row(draft, state)


def composer_fields(state: Session) -> Draft:
    """The composer without its Run, for a page on which no sweep is shown."""
    draft = read_draft(state)
    with st.container(border=True, key="composer"):
        _fields(draft, state)
        _in_words(draft)
    return draft


def _fields(draft: Draft, state: Session) -> None:
    left, right = st.columns([3, 1], gap="medium")
    with left:
        prompt_box(draft, state)
        starters(draft, state)
    with right:
        answer_boxes(draft)
    _choices(draft, state)
    for name in draft.errors.keys() - _PLACED:
        draft.show_error(name)


def _choices(draft: Draft, state: Session) -> None:
    """Model, kind and positions in a row, and beneath it what the chosen kind needs."""
    with st.container(horizontal=True, key="choices", gap="medium", vertical_alignment="bottom"):
        with st.container(width=260, key="model_box"):
            model_box()
        st.segmented_control(
            "Replace a head's output by",
            list(AblationKind),
            key="ablation",
            format_func=lambda kind: kind.label,
            required=True,
            persist_state="session",
            width="content",
            help=meaning("kind of ablation").says,
        )
        positions_box()
        more_choices()
    model_trouble(draft, state)
    positions_trouble(draft)
    kind = AblationKind(value("ablation"))
    match kind.traits.needs:
        case Needs.REFERENCE:
            reference_choice(draft, kind)
        case Needs.CORRUPTED_PROMPT:
            corrupted_prompt(draft)
        case Needs.NOTHING:
            pass


def _run_row(draft: Draft, state: Session) -> None:
    """What will be done, in words, beside the button that does it."""
    words, run = st.columns([3, 1], gap="medium", vertical_alignment="center")
    with words:
        _in_words(draft)
    with run, st.container(horizontal=True, gap="small", horizontal_alignment="right"):
        if state.sweep.result is not None:
            st.button(
                "Close",
                key="fold",
                icon=":material/expand_less:",
                on_click=state.composer.fold,
                disabled=bool(draft.errors),
                help="What is typed stays",
            )
        st.button(
            run_label(draft),
            key="run",
            type="primary",
            width="stretch",
            disabled=draft.spec is None,
            on_click=state.composer.press,
        )


def _in_words(draft: Draft) -> None:
    kind = AblationKind(value("ablation"))
    with st.container(gap="xsmall"):
        if draft.spec is not None:
            said = draft.spec.in_words()
            with st.container(key="in_words"):
                show_html(fill('<div class="hs-words">{}</div>', said[:1].upper() + said[1:]))
        note(kind.does)
