"""Short messages at the place they belong to; whatever they quote is shown as typed."""

from typing import Literal

from components.widgets.page.html import show_html
from components.words.markup import fill
from components.words.terms import with_terms
from core.text.numbers import unbroken


def error_message(text: str) -> None:
    """What was seen and what to do, beneath the field it is about."""
    show_html(fill('<div class="hs-error" role="alert">{}</div>', text))


def note(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    """A quiet line of explanation, its terms marked."""
    show_html(fill('<div class="hs-note">{}</div>', with_terms(unbroken(text))), width=width)


def banner(text: str, *, fades_results: bool = False) -> None:
    """Something about everything below it that must not be missed; stale results fade."""
    kind = "hs-banner hs-stale" if fades_results else "hs-banner"
    show_html(fill('<div class="{}" role="status">{}</div>', kind, text))
