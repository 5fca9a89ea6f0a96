"""Click a token of the prompt and say what stands there instead."""

from typing import Any

import streamlit as st

from components.state import likely_at, put, tokens_of, value
from components.widgets.composer.draft import Draft
from components.widgets.composer.token_strip import shown_positions, token_choice
from components.widgets.page.html import show_html
from components.widgets.page.messages import error_message, note
from components.words.escaping import as_markdown
from components.words.markup import fill
from core.errors import InputError
from core.prompts.corruption import replace_token
from core.prompts.tokens import TokenizedPrompt, visible_text

SUGGESTIONS = 4


def replacement_popover(draft: Draft, prompt: str) -> None:
    """Tokens to click; for the one clicked, a text to type or one of the model's own."""
    opened = st.popover("Replace a token", key="replace_token", on_change="rerun")
    with opened:
        if not opened.open:
            return  # nothing is tokenised or predicted for what nobody sees
        base = _base(draft, prompt)
        try:
            read = tokens_of(draft.model, base)
        except InputError as error:
            error_message(str(error))
            return
        positions = [p for p in shown_positions(len(read)) if p or not read.has_bos]
        if value("replace_position") not in positions:
            put("replace_position", None)
        position = st.pills(
            "Click the token to replace",
            positions,
            key="replace_position",
            format_func=lambda p: token_choice(p, read.texts[p]),
        )
        if position is None:
            note("Each click adds a replacement to the corrupted prompt.")
        else:
            _replacement(draft, base, read, position)


def _replacement(draft: Draft, base: str, read: TokenizedPrompt, position: int) -> None:
    old = read.texts[position]
    model = draft.model
    assert model is not None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            f"Instead of {as_markdown(visible_text(old))}",
            key="replacement",
            live="300ms",
            persist_state="session",
            placeholder="one token, its space included",
            width=240,
        )
        typed = value("replacement") or ""
        text, why_not = _replaced(model, base, read, position, typed) if typed else (None, None)
        st.button(
            "Replace",
            key="replace",
            type="primary",
            disabled=text is None,
            on_click=put,
            args=("corrupted_prompt", text),
        )
    if why_not is not None:
        error_message(why_not)
    _suggestions(draft, base, read, position)


def _suggestions(draft: Draft, base: str, read: TokenizedPrompt, position: int) -> None:
    """The model's own likeliest tokens at that place, each a click away."""
    model = draft.model
    assert model is not None
    try:
        likely = likely_at(model, model.fingerprint, model.name, read, position)
    except InputError:  # past what the model reads: said beneath the prompt
        return
    others = [
        (text, _replaced(model, base, read, position, text)[0])
        for text, _ in likely
        if text != read.texts[position]
    ]
    usable = [(text, result) for text, result in others if result is not None][:SUGGESTIONS]
    if not usable:
        return
    with st.container(horizontal=True, key="suggestions", gap="small", vertical_alignment="center"):
        show_html(fill('<span class="hs-quiet">Likely here:</span>'), width="content")
        for index, (text, result) in enumerate(usable):
            st.button(
                as_markdown(visible_text(text)),
                key=f"suggestion-{index}",
                on_click=put,
                args=("corrupted_prompt", result),
            )


def _replaced(
    model: Any, base: str, read: TokenizedPrompt, position: int, replacement: str
) -> tuple[str | None, str | None]:
    """The text with that token replaced, or why it cannot be."""
    try:
        text = replace_token(
            model.tokenizer, base, position, replacement, prepend_bos=read.has_bos, read=read
        )
        return text, None
    except InputError as error:
        return None, str(error)


def _base(draft: Draft, prompt: str) -> str:
    """What is changed: the corrupted prompt while it fits the prompt, else the prompt."""
    corrupted = value("corrupted_prompt") or ""
    try:
        read = draft.tokens
        fits = bool(corrupted) and read is not None
        fits = fits and len(tokens_of(draft.model, corrupted)) == len(read or ())
    except InputError:
        fits = False
    return corrupted if fits else prompt
