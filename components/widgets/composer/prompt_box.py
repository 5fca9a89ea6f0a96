"""The prompt, its tokens beneath it, and what the model itself would say next."""

from collections.abc import Sequence

import streamlit as st

from components.state import Session, chosen_bos, is_one_token, next_tokens, put, same_sweep, value
from components.state.answer_syntax import answer_text, parse_answer
from components.widgets.composer import positions_choice
from components.widgets.composer.draft import Draft
from components.widgets.composer.model_choice import load_button
from components.widgets.composer.token_strip import Strip, clickable_strip, token_strip
from components.widgets.page.messages import error_message, note
from components.words.escaping import as_markdown
from core.errors import InputError
from core.prompts.tokens import visible
from core.results.result import SweepResult
from core.spec.checks import MAX_PROMPT_CHARACTERS
from core.text.numbers import percent

GUESSES = 4


def prompt_box(draft: Draft, state: Session) -> None:
    """The prompt's box with everything live beneath it."""
    st.text_area("Prompt", key="prompt", height=78, persist_state="session")
    draft.show_error("prompt")
    with st.container(key="token_strip"):
        _strip(draft, state)


def _strip(draft: Draft, state: Session) -> None:
    """The live strip where the model's tokenizer is at hand; the saved example's otherwise."""
    if draft.model is not None:
        _live_strip(draft)
    elif draft.spec is not None and same_sweep(draft.spec, state.shown) and state.shown is not None:
        _saved_strip(state.shown)
    elif state.waiting_for is not None:
        note("The tokens appear here as soon as the model is loaded.")
    elif draft.name and "model" not in draft.errors:
        load_button(draft, state)


def _saved_strip(result: SweepResult) -> None:
    spec = result.spec
    token_strip(
        Strip(
            result.tokens,
            result.special,
            result.target_tokens,
            has_bos=bool(spec.prepend_bos),
            target_is_set=not isinstance(spec.target, str),
        )
    )
    _guesses(result.baseline.top)


def _live_strip(draft: Draft) -> None:
    model, text = draft.model, value("prompt") or ""
    assert model is not None
    if draft.errors.get("prompt") and len(text) > MAX_PROMPT_CHARACTERS:
        return
    try:
        strip = _read(draft, text)
        if positions_choice.choosing():
            clickable_strip(strip, positions_choice.chosen(), positions_choice.tokens_pressed)
        else:
            token_strip(strip)
        if "prompt" not in draft.errors:
            top = next_tokens(model, model.fingerprint, model.name, text, bos=chosen_bos(model))
            _guesses([pair for pair in top if is_one_token(model, pair[0])])
    except InputError as error:
        if error.field not in draft.errors:  # else the field concerned says so
            error_message(str(error))


def _read(draft: Draft, text: str) -> Strip:
    """The prompt's and the target's tokens; raises `InputError`."""
    from core.prompts.tokens import tokenize_answer, tokenize_prompt

    model = draft.model
    assert model is not None
    prompt = tokenize_prompt(model.tokenizer, text, prepend_bos=chosen_bos(model))
    target: Sequence[str] = ()
    is_set = False
    if "target" not in draft.errors and value("target"):
        answer = tokenize_answer(model.tokenizer, parse_answer(value("target")), "target")
        target, is_set = answer.texts, answer.is_set
    return Strip(
        prompt.texts,
        prompt.special,
        target,
        has_bos=prompt.has_bos,
        target_is_set=is_set,
        typed=len(prompt.typed_special),
    )


def _guesses(top: Sequence[tuple[str, float]]) -> None:
    """The model's own next tokens, each a click away from being the target."""
    with st.container(horizontal=True, key="guesses", gap="small", vertical_alignment="center"):
        st.html('<span class="hs-quiet">The model\'s own next tokens:</span>', width="content")
        for index, (text, prob) in enumerate(top[:GUESSES]):
            st.button(
                f"{as_markdown(visible(text))} {as_markdown(percent(prob, 0))}",
                key=f"guess-{index}",
                type="tertiary",
                on_click=put,
                args=("target", answer_text(text)),
                help="Use it as the target",
            )
