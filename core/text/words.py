"""Words as data: what is said of a result, before any medium has rendered it.

A page, a report, a picture, a notebook and a terminal each render the same words, so none of them
can say something else. Nothing here is escaped: whoever renders does that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """How a span of text stands out; the value is its name in the report's data."""

    PLAIN = ""
    BOLD = "bold"
    TOKEN = "token"  # noqa: S105  # no password
    """Text of a token or an answer, its spaces visible."""
    WARNING = "warning"
    """What must not be overlooked."""


@dataclass(frozen=True)
class Span:
    """A piece of text in one style."""

    text: str
    style: Style = Style.PLAIN


Words = tuple[Span, ...]
"""A sentence or a part of one: spans in their order."""


def phrase(*parts: str | Span | Words) -> Words:
    """Parts in a row: text that is not styled may be a string; what is empty is left out."""
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            part = Span(part)
        spans.extend((part,) if isinstance(part, Span) else part)
    return tuple(span for span in spans if span.text)


def bold(text: str) -> Span:
    """A name or number to find at a glance."""
    return Span(text, Style.BOLD)


def token(text: str) -> Span:
    """The text of a token; the caller has made its spaces visible."""
    return Span(text, Style.TOKEN)


def warning(text: str) -> Span:
    """What must not be overlooked."""
    return Span(text, Style.WARNING)


def joined(between: str, several: Iterable[Words | Span]) -> Words:
    """Several words with `between` between them, as `str.join` does it."""
    parts: list[str | Span | Words] = []
    for each in several:
        words = phrase(each)
        if words:
            parts += [between, words] if parts else [words]
    return phrase(*parts)


def plain(words: Words) -> str:
    """Words without their styles."""
    return "".join(span.text for span in words)
