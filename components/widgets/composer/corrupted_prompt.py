"""For resample ablation: the corrupted prompt, how it was built, and its alignment."""

import streamlit as st

from components.state import tokens_of, value
from components.widgets.composer.alignment_strip import alignment_strip
from components.widgets.composer.corruption_builders import Built, builders, rebuild
from components.widgets.composer.draft import Draft
from components.widgets.composer.token_strip import Strip, token_strip
from components.widgets.page.html import show_html
from components.widgets.page.messages import note
from components.words.markup import fill
from core.errors import InputError
from core.prompts.corruption import align
from core.spec.checks import MAX_PROMPT_CHARACTERS


def corrupted_prompt(draft: Draft) -> None:
    """The box, the builders, and where the two prompts differ."""
    with st.container(key="resample"):
        st.text_area(
            "Corrupted prompt",
            key="corrupted_prompt",
            height=78,
            persist_state="session",
            placeholder="As many tokens as the prompt, with what the answer depends on changed: "
            "type it, or build it below.",
            help="Each head's output is replaced by what the same head writes on this prompt.",
        )
        text = value("corrupted_prompt") or ""
        if text:
            draft.show_error("corrupted_prompt")
        elif draft.model is not None:
            note("Type a corrupted prompt, or let one of these build it:")
        else:
            note("Type a corrupted prompt; building one needs the model, which is not loaded yet.")
        _stale(draft, text)
        if draft.model is not None and "prompt" not in draft.errors:
            builders(draft)
            if text:
                _alignment(draft, text)


def _stale(draft: Draft, text: str) -> None:
    """A prompt that was built from another one says so, and offers to be built anew."""
    built: Built | None = value("built")
    if built is None or built.text != text or built.prompt == value("prompt"):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="stale"):
        note(f"It was built from another prompt ({built.how}).", width="content")
        if draft.model is not None and "prompt" not in draft.errors:
            st.button(
                "Build it again from this one",
                key="rebuild",
                on_click=rebuild,
                args=(draft.model,),
                icon=":material/refresh:",
            )


def _alignment(draft: Draft, text: str) -> None:
    """The two prompts token by token; of one that does not fit, its own tokens."""
    model, clean, prepared = draft.model, draft.tokens, draft.prepared
    if model is None or clean is None or len(text) > MAX_PROMPT_CHARACTERS:
        return
    with st.container(key="alignment"):
        corrupted = None if prepared is None else prepared.corrupted
        try:
            corrupted = corrupted or tokens_of(model, text)
        except InputError:
            return  # said beneath the box
        try:
            alignment_strip(align(clean, corrupted))
        except InputError:
            show_html(fill('<div class="hs-quiet">The corrupted prompt’s tokens:</div>'))
            token_strip(Strip(corrupted.texts, corrupted.special, (), has_bos=corrupted.has_bos))
