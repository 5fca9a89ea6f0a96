"""Typed text made safe for labels of Streamlit and Plotly: as typed, nothing in it rendered."""

import html
import re
from collections.abc import Iterable

from core.prompts.tokens import visible_text
from core.text.words import Style, Words

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])")


_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, not even as a reference (its production 2, `Char`)."""


def as_xml(text: str) -> str:
    """Text without what no XML file may hold, each such character shown as U+FFFD."""
    return _NO_XML.sub("\ufffd", text)


def as_markdown(text: str) -> str:
    """Text for labels that Streamlit reads as Markdown: no emphasis, math, links or emoji."""
    return _MARKDOWN.sub(r"\\\1", text)


def as_label(text: str) -> str:
    """Text for a figure: a zero-width joint after each "$" keeps Plotly from reading math."""
    return html.escape(text, quote=True).replace("$", "$\u200b")


def token_label(text: str, limit: int = 24) -> str:
    """A token's text for a figure: visible, short, escaped."""
    return as_label(short_token(text, limit))


def short_token(text: str, limit: int) -> str:
    """A token's text, visible, of at most so many characters."""
    shown = visible_text(text)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def as_lines(lines: Iterable[Words]) -> str:
    """Lines of words for a figure, each text escaped."""
    return "<br>".join("".join(_in_figure(span.text, span.style) for span in w) for w in lines)


def _in_figure(text: str, style: Style) -> str:
    return f"<b>{as_label(text)}</b>" if style is Style.BOLD else as_label(text)
