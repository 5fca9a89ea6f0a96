"""Where heads are ablated: everywhere, at the prompt's last token, or at chosen tokens."""

from collections.abc import Sequence

import streamlit as st

from components.state import put, value
from components.state.answer_syntax import parse_positions, positions_text
from components.widgets.composer.draft import Draft
from components.widgets.page.messages import note
from core.errors import InputError
from core.text.glossary import meaning

_CHOICES = {"all": "all", "last": "last", "chosen": "chosen"}


def positions_box() -> None:
    """All, last or chosen; beside the last, the field that says which."""
    st.segmented_control(
        "At positions",
        list(_CHOICES),
        key="positions",
        format_func=_CHOICES.__getitem__,
        required=True,
        persist_state="session",
        width="content",
        help=meaning("position").says,
    )
    if choosing():
        st.text_input(
            "Chosen positions",
            key="chosen_positions",
            live="300ms",
            persist_state="session",
            placeholder="0, 3, 5-9",
            help="Click tokens in the strip above, or type positions here. The first token "
            "(BOS, where there is one) is 0. Further tokens of a target of several continue "
            "the count.",
            width=190,
        )


def positions_trouble(draft: Draft) -> None:
    """What is wrong with the positions; that none is chosen yet is no mistake."""
    if choosing() and not (value("chosen_positions") or "").strip():
        note(draft.errors.get("positions", ""))
        return
    draft.show_error("positions")


def choosing() -> bool:
    """Whether tokens are to be chosen."""
    return bool(value("positions") == "chosen")


def chosen() -> tuple[int, ...]:
    """The positions typed, as far as they can be read."""
    try:
        return parse_positions(value("chosen_positions") or "")
    except InputError:
        return ()


def tokens_pressed(shown: Sequence[int]) -> None:
    """A token of the strip was clicked: the field says so; what is not shown stays chosen."""
    hidden = set(chosen()) - set(shown)
    put("chosen_positions", positions_text(hidden.union(value("chosen_tokens") or [])))
