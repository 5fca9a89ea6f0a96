"""Typed text made safe to show: as typed, with nothing in it rendered or executed."""

import html
import re

from core.prompts.tokens import visible_text

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])")


def as_html(text: str) -> str:
    """Text for `st.html`."""
    return html.escape(text, quote=True)


def as_markdown(text: str) -> str:
    """Text for labels that Streamlit reads as Markdown: no emphasis, math, links or emoji."""
    return _MARKDOWN.sub(r"\\\1", text)


def token_html(text: str) -> str:
    """A token's text, its spaces and controls visible, as HTML."""
    return as_html(visible_text(text))


def as_label(text: str) -> str:
    """Text for a figure: a zero-width joint after each "$" keeps Plotly from reading math."""
    return as_html(text).replace("$", "$\u200b")


def token_label(text: str, limit: int = 24) -> str:
    """A token's text for a figure: visible, short, escaped."""
    shown = visible_text(text)
    if len(shown) > limit:
        shown = shown[: limit - 1] + "…"
    return as_label(shown)
