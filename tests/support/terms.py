"""The marks of the glossary's terms: in a browser they add nothing to a sentence, not a space."""

import re

_MARK = re.compile(r"</?dfn\b[^>]*>")


def without_marks(markup: str) -> str:
    """HTML in which every term is words like any other."""
    return _MARK.sub("", markup)
