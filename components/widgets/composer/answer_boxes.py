"""Target and foil: one answer each, or several single tokens between bars."""

import streamlit as st

from components.state import put, value
from components.state.answer_syntax import parse_answer, typed_answer
from components.widgets.composer.draft import Draft
from components.words.escaping import as_markdown
from core.prompts.tokens import visible_text
from core.spec.answer import Answer
from core.text.glossary import meaning

_BARS = (
    "Several single tokens between bars, as in {example}, are one answer: their probabilities are "
    "added. Spaces belong to the token; type {bar} for a bar itself."
)


def answer_boxes(draft: Draft) -> None:
    """The two boxes, each with what is wrong with it."""
    bars = _BARS.format(example="` Mary| John`", bar="`\\|`")
    target, foil = (meaning(name).says for name in ("target", "foil"))
    _box(draft, "target", "Target token", f"{target} {bars}", "")
    _box(draft, "foil", "Foil (optional)", f"{foil} {bars}", "a rival")


def _box(draft: Draft, name: str, label: str, help_text: str, placeholder: str) -> None:
    st.text_input(
        label,
        key=name,
        live="300ms",
        persist_state="session",
        placeholder=placeholder,
        help=help_text,
    )
    draft.show_error(name)
    _offer_space(draft, name)


def _offer_space(draft: Draft, name: str) -> None:
    """A word typed without its leading space is another token: offer the usual one."""
    typed = value(name)
    if draft.model is None or not typed:
        return
    answer = parse_answer(typed)
    if name in draft.errors and isinstance(answer, str):
        return
    spaced = _spaced(draft, answer)
    if spaced != answer:
        many = not isinstance(answer, str)
        shown = "|".join([spaced] if isinstance(spaced, str) else spaced)
        which = "leading spaces" if many else "its leading space"
        st.button(
            f"Use {as_markdown(visible_text(shown))}, with {which}",
            key=f"space-{name}",
            on_click=put,
            args=(name, typed_answer(spaced)),
            width="stretch",
        )


def _spaced(draft: Draft, answer: Answer) -> Answer:
    """The answer with each token that is usually written with a leading space given one."""
    from core.prompts.tokens import with_leading_space

    assert draft.model is not None
    tokenizer = draft.model.tokenizer
    if isinstance(answer, str):
        return with_leading_space(tokenizer, answer) or answer
    return tuple(with_leading_space(tokenizer, member) or member for member in answer)
