"""Short messages at the place they belong to; whatever they quote is shown as typed."""

from typing import Literal

import streamlit as st

from components.words.escaping import as_html
from core.text.numbers import unbroken


def error_message(text: str) -> None:
    """What was seen and what to do, beneath the field it is about."""
    st.html(f'<div class="hs-error" role="alert">{as_html(text)}</div>')


def note(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """A quiet line of explanation."""
    st.html(f'<div class="hs-note">{as_html(unbroken(text))}</div>', width=width)


def banner(text: str, *, fades_results: bool = False) -> None:
    """Something about everything below it that must not be missed; stale results fade."""
    kind = "hs-banner hs-stale" if fades_results else "hs-banner"
    st.html(f'<div class="{kind}" role="status">{as_html(text)}</div>')
