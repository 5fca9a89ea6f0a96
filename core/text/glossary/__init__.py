"""The glossary: every term of art on the pages, as data.

A page shows it whole and marks its terms where they stand; a report or a lesson may read it too.
What is said here is what this program measures, with the papers that the methods come from.
"""

from core.text.glossary.ablation import ABLATION
from core.text.glossary.heads import HEADS
from core.text.glossary.measures import MEASURES
from core.text.glossary.methods import METHODS
from core.text.glossary.model import MODEL
from core.text.glossary.program import PROGRAM
from core.text.glossary.prompt import PROMPT
from core.text.glossary.term import Group, Term

GROUPS: tuple[Group, ...] = (PROMPT, MODEL, ABLATION, MEASURES, HEADS, METHODS, PROGRAM)
"""In the order in which somebody new reads them."""
TERMS: tuple[Term, ...] = tuple(term for group in GROUPS for term in group.terms)

_BY_WORDS = {form.casefold(): term for term in TERMS for form in (term.name, *term.forms)}

__all__ = ["GROUPS", "TERMS", "Group", "Term", "meaning"]


def meaning(words: str) -> Term:
    """The term that words name, in either case, by its name or by one of its forms.

    Raises `KeyError` for words that the glossary does not have.
    """
    return _BY_WORDS[words.casefold()]
