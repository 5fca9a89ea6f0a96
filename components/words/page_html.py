"""Words as HTML for the page: every text escaped, and the styles as the page's own classes."""

from components.words.escaping import as_html
from core.text.numbers import unbroken
from core.text.words import Span, Style, Words

_TAGS = {
    Style.PLAIN: ("", ""),
    Style.BOLD: ("<b>", "</b>"),
    Style.TOKEN: ('<span class="hs-code">', "</span>"),
    Style.WARNING: ('<span class="hs-flag">', "</span>"),
}


def words_html(words: Words) -> str:
    """Words for `st.html`."""
    return "".join(map(_span, words))


def quiet_html(words: Words) -> str:
    """A quiet line beneath a figure."""
    return f'<div class="hs-quiet hs-beneath">{words_html(words)}</div>'


def _span(span: Span) -> str:
    opened, closed = _TAGS[span.style]
    text = span.text if span.style is Style.TOKEN else unbroken(span.text)
    return f"{opened}{as_html(text)}{closed}"
