"""Where the glossary's terms stand in a text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from core.text.glossary import TERMS, Term, meaning

_NOT_BEFORE, _NOT_AFTER = r"(?<![\w␣/.-])", r"(?![\w␣-])"
"""Whole words only; a visible space (␣) begins a token's text, which means no term."""
_QUOTED = r"“[^”]*”?"
"""Text that somebody typed, or that a button has, in quotation marks."""


@dataclass
class Seen:
    """The terms of one block that have been marked already: each is marked once."""

    slugs: set[str] = field(default_factory=set)

    def is_new(self, term: Term) -> bool:
        """Whether a term stands here for the first time; it no longer does after that."""
        if term.slug in self.slugs:
            return False
        self.slugs.add(term.slug)
        return True


def split_at_terms(text: str, seen: Seen) -> Iterator[tuple[str, Term | None]]:
    """A text in pieces, each with the term that it is: None for what lies between.

    The pieces joined are the text. Only the first words for a term are one, in any case, and none
    within “quotation marks”.
    """
    done = 0
    for match in _pattern().finditer(text):
        term = None if match["term"] is None else meaning(_plain(match["term"]))
        if term is not None and seen.is_new(term):
            if match.start() > done:
                yield text[done : match.start()], None
            yield match["term"], term
            done = match.end()
    if done < len(text):
        yield text[done:], None


@cache
def _pattern() -> re.Pattern[str]:
    """Quoted text, which is passed over, or a term: the longest words for one first."""
    words = sorted({form for term in TERMS for form in term.found_by}, key=len, reverse=True)
    any_of = "|".join(re.escape(form).replace(r"\ ", "[ \u00a0]") for form in words)
    return re.compile(f"{_QUOTED}|{_NOT_BEFORE}(?P<term>{any_of}){_NOT_AFTER}", re.IGNORECASE)


def _plain(words: str) -> str:
    return words.replace("\u00a0", " ")
