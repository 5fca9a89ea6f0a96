"""Terms of the glossary where they stand: each is marked, and a script shows what it means.

Only words of our own are read for terms, and never a token's text or what stands in “quotation
marks”: what somebody typed means what it means to them.
"""

from markupsafe import Markup, escape

from core.text.glossary import meaning
from core.text.glossary.found import Seen, split_at_terms

# The script of the page takes all but a page's first of each term out of the Tab order.
_TERM = Markup('<dfn class="hs-term" tabindex="0" data-term="{}">{}</dfn>')


def term(words: str) -> Markup:
    """Words that name a term, marked. Raises `KeyError` where the glossary does not have them."""
    return _TERM.format(meaning(words).slug, words)


def with_terms(text: str, seen: Seen | None = None) -> Markup:
    """A text of our own, escaped, each of its terms marked where it stands first.

    `seen` are the terms of the same block that stand before the text.
    """
    pieces = split_at_terms(text, Seen() if seen is None else seen)
    return Markup("").join(
        escape(piece) if found is None else _TERM.format(found.slug, piece)
        for piece, found in pieces
    )
