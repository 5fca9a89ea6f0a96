"""Words as HTML for the page: every text escaped, and the styles as the page's own classes."""

from components.words.escaping import as_html
from core.text.words import Span, Style, Words

_TAGS = {
    Style.PLAIN: ("", ""),
    Style.BOLD: ("<b>", "</b>"),
    Style.TOKEN: ('<span class="hs-code">', "</span>"),
    Style.WARNING: ('<span class="hs-flag">', "</span>"),
}


def words_html(said: Words) -> str:
    """Words for `st.html`."""
    return "".join(map(_span, said))


def quiet_html(said: Words) -> str:
    """A quiet line beneath a figure."""
    return f'<div class="hs-quiet" style="margin-top:-.4rem">{words_html(said)}</div>'


def _span(span: Span) -> str:
    opened, closed = _TAGS[span.style]
    return f"{opened}{as_html(span.text)}{closed}"
