"""How long a reference set's texts are beside the prompt, and a button that makes a fitting set."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.state import chosen_bos, put, value
from components.state.uploads import Upload
from components.widgets.composer.draft import Draft
from components.widgets.page.messages import error_message, note
from core.errors import InputError
from core.hypotheses.reference_texts import COUNT, reference_texts
from core.prompts.reference import longest_if_shorter, misfits
from core.prompts.token_words import shorter_set
from core.spec.reference_set import fits_lines, numbered

_LISTED = 6
"""Lines that do not fit and are named; the others are counted."""


@dataclass(frozen=True)
class Made:
    """A set that was made, from which prompt and how; or why none could be."""

    prompt: str
    text: str = ""
    seed: int = 0
    how: str = ""
    error: str = ""


def needed_length(draft: Draft) -> int | None:
    """Say how many tokens each text needs; None where that cannot be known yet."""
    model = draft.model
    if model is None:
        note("Each text needs as many tokens as the prompt: the model, once loaded, counts them.")
        return None
    bos = chosen_bos(model)
    if draft.tokens is None:
        return None  # what is wrong with the prompt is said beneath it
    length = len(draft.tokens)
    counted = ", BOS counted" if bos else ""
    note(f"Each text needs {length:,} tokens{counted}: as many as the prompt has.")
    return length


def misfit_lines(draft: Draft, typed: str, length: int) -> None:
    """Which of the lines typed have another number of tokens."""
    model = draft.model
    if model is None:
        return
    lines = numbered(typed)
    texts = tuple(line for _, line in lines)
    try:
        found = misfits(model.tokenizer, texts, length, prepend_bos=chosen_bos(model))
    except InputError:
        return  # said above: a line that is no prompt at all
    if found:
        named = [f"line {lines[each.number - 1][0]} ({each.n_tokens:,})" for each in found]
        more = len(found) - _LISTED
        rest = f" and {more:,} more" if more > 0 else ""
        note(f"Of another length (tokens): {', '.join(named[:_LISTED])}{rest}.")


def shorter_note(draft: Draft) -> None:
    """That no text of the chosen set is as long as the prompt, and how long the longest is."""
    model, prepared = draft.model, draft.prepared
    if model is None or prepared is None or prepared.spec.reference is None:
        return
    n_tokens, bos = len(prepared.prompt), prepared.prompt.has_bos
    reference = prepared.spec.reference
    longest = longest_if_shorter(model.tokenizer, reference, n_tokens, prepend_bos=bos)
    if longest is not None:
        note(shorter_set(longest, n_tokens))


def maker(draft: Draft) -> None:
    """The button that makes a set from the prompt, and what it made or why it could not."""
    made: Made | None = value("made_reference")
    prompt = value("prompt") or ""
    again = made is not None and made.prompt == prompt and _in_place(made)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Make others from this prompt" if again else "Make one from this prompt",
            key="make_reference",
            on_click=_make,
            args=(draft.model,),
            disabled=draft.model is None or "prompt" in draft.errors,
            help=f"{COUNT} texts of this length in which what the answer depends on is different: "
            "its names, or the words of its first copy; of any other prompt, random words. Each "
            "press draws others.",
        )
        if made is not None and _in_place(made):
            stale = "Made from another prompt: make it again from this one."
            note(f"{made.how}; seed {made.seed}" if again else stale, width="content")
    if made is not None and made.error and made.prompt == prompt:
        error_message(made.error)


def _in_place(made: Made) -> bool:
    """Whether the set in the box is the one that was made."""
    return bool(made.text) and made.text == value("reference_text")


def _make(model: Any) -> None:
    """Make a set; once more from the same prompt, and it is the next seed's."""
    prompt = value("prompt") or ""
    before: Made | None = value("made_reference")
    seed = 0
    if before is not None and before.prompt == prompt and _in_place(before):
        seed = before.seed + 1
    try:
        found = reference_texts(model.tokenizer, prompt, seed=seed, prepend_bos=chosen_bos(model))
    except InputError as error:
        put("made_reference", Made(prompt, error=str(error)))
        return
    if not fits_lines(found.texts):
        put("own_reference", "file")
        put("reference_upload", Upload("the set made from this prompt", found.texts))
        put("made_reference", None)
        return
    text = "\n".join(found.texts)
    put("own_reference", "pasted")
    put("reference_text", text)
    put("made_reference", Made(prompt, text, seed, found.how))
