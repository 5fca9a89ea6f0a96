"""Short messages at the place they belong to; whatever they quote is shown as typed."""

from typing import Literal

import streamlit as st

from components.words.escaping import as_html


def error_message(text: str) -> None:
    """What was seen and what to do, beneath the field it is about."""
    st.html(f'<div class="hs-error" role="alert">{as_html(text)}</div>')


def note(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """A quiet line of explanation."""
    st.html(f'<div class="hs-note">{as_html(text)}</div>', width=width)


def banner(text: str) -> None:
    """Something about everything below it that must not be missed."""
    st.html(f'<div class="hs-banner" role="status">{as_html(text)}</div>')
