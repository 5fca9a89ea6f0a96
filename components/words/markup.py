"""HTML for the page: templates of our own, into which every text is put escaped.

`Markup` is a string of its own type; `show_html` takes nothing else. A text that is put into a
template or joined with others is escaped on its way, so that none can be forgotten.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

from components.words.terms import with_terms
from core.prompts.tokens import visible_text
from core.text.glossary.found import Seen
from core.text.numbers import unbroken
from core.text.words import Span, Style, Words

_STYLES = {
    Style.PLAIN: Markup("{}"),
    Style.BOLD: Markup("<b>{}</b>"),
    Style.TOKEN: Markup('<span class="hs-code">{}</span>'),
    Style.WARNING: Markup('<span class="hs-flag">{}</span>'),
}


def fill(template: str, *parts: object, **named: object) -> Markup:
    """A template of literal HTML with parts in its braces, each escaped unless it is `Markup`.

    The linter refuses a template that is put together at run time.
    """
    return Markup(template).format(*parts, **named)  # noqa: S704  # a literal, where it is called


def joined_html(parts: Iterable[str], between: str = "") -> Markup:
    """Parts one after the other, each escaped unless it is `Markup`."""
    return escape(between).join(parts)


def token_html(text: str) -> Markup:
    """A token's text, its spaces and controls visible."""
    return escape(visible_text(text))


def words_html(words: Words) -> Markup:
    """Words, with the styles as the page's own classes."""
    return joined_html(map(_span, words))


def terms_html(words: Words) -> Markup:
    """Words of our own, styled as by `words_html`, each term marked where it stands first."""
    seen = Seen()
    return joined_html(
        _span(span)
        if span.style is Style.TOKEN
        else _STYLES[span.style].format(with_terms(unbroken(span.text), seen))
        for span in words
    )


def quiet_html(words: Words) -> Markup:
    """A quiet line beneath a figure, its terms marked."""
    return fill('<div class="hs-quiet hs-beneath">{}</div>', terms_html(words))


def _span(span: Span) -> Markup:
    text = span.text if span.style is Style.TOKEN else unbroken(span.text)
    return _STYLES[span.style].format(text)
