"""What a term of art is in the glossary."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term of art, and what it means to somebody who knows what a neural network is.

    `says` is one or two plain sentences. `forms` are other words that a text uses for it. A text's
    words are taken for the term wherever they stand, unless the name `is_everyday`: then only
    its forms are, because the name alone means many other things. `see` is a paper to read.
    """

    name: str
    says: str
    forms: tuple[str, ...] = ()
    is_everyday: bool = False
    see: str = ""

    @property
    def slug(self) -> str:
        """Its name in an address: /glossary#term-log-prob."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def found_by(self) -> tuple[str, ...]:
        """The words by which a text is known to mean it."""
        return self.forms if self.is_everyday else (self.name, *self.forms)

    @property
    def other_names(self) -> tuple[str, ...]:
        """The forms that are names of their own, and no plural or participle of the name."""
        stem = self.name.casefold()[:5]
        return tuple(
            form
            for form in self.forms
            if not form.casefold().startswith(stem) and not form.endswith("s")
        )


@dataclass(frozen=True)
class Group:
    """Terms that are read together, in an order in which each needs only those before it."""

    title: str
    terms: tuple[Term, ...]
