"""The prompt, its tokens beneath it, and what the model itself would say next."""

from collections.abc import Sequence

import streamlit as st

from components.state import SealedSweep, Session, is_one_token, next_tokens, put, same_sweep, value
from components.state.answer_syntax import parse_answer, typed_answer
from components.widgets.composer import positions_choice
from components.widgets.composer.draft import Draft
from components.widgets.composer.model_choice import load_button
from components.widgets.composer.token_strip import Strip, clickable_strip, token_strip
from components.widgets.page.html import show_html
from components.widgets.page.messages import error_message, note
from components.words.escaping import as_markdown
from components.words.markup import fill
from core.errors import InputError
from core.prompts.token_words import parting_words
from core.prompts.tokens import TokenizedPrompt, tokenize_answer, visible_text
from core.text.numbers import percent
from core.text.words import Words

GUESSES = 4


def prompt_box(draft: Draft, state: Session) -> None:
    """The prompt's box with everything live beneath it."""
    st.text_area("Prompt", key="prompt", height=78, persist_state="session")
    draft.show_error("prompt")
    with st.container(key="token_strip"):
        _strip(draft, state)


def _strip(draft: Draft, state: Session) -> None:
    """The live strip where the model's tokenizer is at hand; the saved example's otherwise."""
    shown = state.sweep.result
    if draft.model is not None:
        _live_strip(draft)
    elif shown is not None and draft.spec is not None and same_sweep(draft.spec, shown):
        _saved_strip(shown)
    elif state.waiting_for is not None:
        note("The tokens appear here as soon as the model is loaded.")
    elif draft.name and "model" not in draft.errors:
        load_button(draft, state)


def _saved_strip(result: SealedSweep) -> None:
    token_strip(strip_of_sweep(result))
    _guesses(result.likeliest)


def strip_of_sweep(result: SealedSweep) -> Strip:
    """What a sweep on screen was of, as tokens."""
    spec = result.spec
    return Strip(
        result.tokens,
        result.special,
        result.target_tokens,
        has_bos=bool(spec.prepend_bos),
        target_is_set=not isinstance(spec.target, str),
    )


def strip_of_draft(draft: Draft) -> Strip | None:
    """What the composer asks for, as tokens; None where the model that tells them is not there."""
    if draft.model is None or draft.tokens is None:
        return None
    try:
        return _strip_of(draft, draft.tokens)
    except InputError:  # the open composer says so at the field
        return None


def _live_strip(draft: Draft) -> None:
    model, prompt = draft.model, draft.tokens
    if model is None or prompt is None:
        return
    try:
        strip = _strip_of(draft, prompt)
        if positions_choice.choosing():
            clickable_strip(strip, positions_choice.chosen(), positions_choice.tokens_pressed)
        else:
            token_strip(strip)
        if "prompt" not in draft.errors:
            top = next_tokens(model, model.fingerprint, model.name, prompt)
            _guesses([pair for pair in top if is_one_token(model, pair[0])])
    except InputError as error:
        if error.field not in draft.errors:  # else the field concerned says so
            error_message(str(error))


def _strip_of(draft: Draft, prompt: TokenizedPrompt) -> Strip:
    """The prompt's and the target's tokens; raises `InputError`."""
    answer = None if draft.prepared is None else draft.prepared.target
    if answer is None and "target" not in draft.errors and value("target"):
        tokenizer = draft.model.tokenizer if draft.model is not None else None
        answer = tokenize_answer(tokenizer, parse_answer(value("target")), "target")
    return Strip(
        prompt.texts,
        prompt.special,
        () if answer is None else answer.texts,
        has_bos=prompt.has_bos,
        target_is_set=answer is not None and answer.is_set,
        typed=len(prompt.typed_special),
        parting=_parting(draft),
    )


def _parting(draft: Draft) -> Words:
    """Where a target and a foil of different lengths are compared."""
    prepared = draft.prepared
    if prepared is None or prepared.foil is None or prepared.parts_at is None:
        return ()
    spec, texts = prepared.spec, (prepared.target.texts, prepared.foil.texts)
    return parting_words((spec.target, spec.foil), texts, prepared.parts_at)


def _guesses(top: Sequence[tuple[str, float]]) -> None:
    """The model's own next tokens, each a click away from being the target."""
    with st.container(horizontal=True, key="guesses", gap="small", vertical_alignment="center"):
        said = fill('<span class="hs-quiet">The model\'s own next tokens:</span>')
        show_html(said, width="content")
        for index, (text, prob) in enumerate(top[:GUESSES]):
            st.button(
                f"{as_markdown(visible_text(text))} {as_markdown(percent(prob, 0))}",
                key=f"guess-{index}",
                type="tertiary",
                on_click=put,
                args=("target", typed_answer(text)),
                help="Use it as the target",
            )
