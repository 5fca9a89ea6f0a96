"""Checks of what was typed: each raises an `InputError` that says what was seen."""

import unicodedata

from core.errors import InputError
from core.text.json_form import json_kind, json_shown

SHOWN_CHARACTERS = 60
"""Of a text that a message quotes."""
MAX_PROMPT_CHARACTERS = 50_000
"""More than any supported context holds, and little enough to tokenise at once."""


def check_text(field: str, text: object, limit: int, label: str | None = None) -> None:
    """Raise an `InputError` for text that is empty, blank, too long, or not valid Unicode."""
    name = label or f"The {field}"
    if not isinstance(text, str):
        raise InputError(field, f"{name} is {json_kind(text)}, not text: write it as text.")
    if not text:
        raise InputError(field, f"{name} is empty: type some text.")
    if len(text) > limit:
        raise InputError(
            field, f"{name} has {len(text):,} characters; at most {limit:,} are taken. Shorten it."
        )
    surrogate = next((i for i, c in enumerate(text) if unicodedata.category(c) == "Cs"), None)
    if surrogate is not None:
        raise InputError(
            field,
            f"{name} holds half of a character (the lone surrogate U+{ord(text[surrogate]):04X} "
            f"at character {surrogate + 1}), which is not valid text. Delete it and type the "
            "character again.",
        )


def check_prompt(field: str, text: object, name: str) -> None:
    """`check_text` for what the model reads: a prompt, a corrupted one, one of a reference set."""
    check_text(field, text, MAX_PROMPT_CHARACTERS, name)
    if not str(text).strip():
        raise InputError(
            field, f"{name} is blank (only spaces or line breaks): type some text for the model."
        )


def check_one_of(field: str, value: object, choices: tuple[str, ...]) -> None:
    """Raise an `InputError` for a value that is none of `choices`."""
    if value not in choices:
        raise InputError(
            field, f"{json_shown(value)} is not a choice of {field}: use {' or '.join(choices)}."
        )


def beginning_of(text: str) -> str:
    """The beginning of a text on one line, without characters that a terminal would obey."""
    cut = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
