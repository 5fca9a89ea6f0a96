"""A target or foil: one text, or a set of single tokens whose probabilities are added."""

from core.errors import InputError
from core.spec.checks import check_text
from core.text.json_form import json_kind

Answer = str | tuple[str, ...]

MAX_ANSWER_CHARACTERS = 1_000
MAX_ANSWERS = 1_000
"""Tokens of a set that is asked for now: nobody names more one by one."""
MAX_KEPT_ANSWERS = 60_000
"""Tokens of a set that was once swept: GPT-2's whole vocabulary. A file of one opens for ever."""


def checked_answer(field: str, value: object) -> Answer:
    """A target or foil from what was typed or read; raises `InputError`."""
    if isinstance(value, str):
        check_text(field, value, MAX_ANSWER_CHARACTERS)
        if not value.strip(" "):  # a line break or tab can be the answer, spaces alone cannot
            raise InputError(field, f"The {field} is blank: type the token to predict.")
        return value
    if isinstance(value, list | tuple) and value:
        check_number(field, value, MAX_KEPT_ANSWERS)
        for item in value:
            if not isinstance(item, str):
                raise InputError(
                    field,
                    f"Each {field} is text, and one is {json_kind(item)}: write it as text.",
                )
            check_text(field, item, MAX_ANSWER_CHARACTERS)
        if len(set(value)) < len(value):
            raise InputError(field, f"A {field} is given twice: name each one once.")
        return value[0] if len(value) == 1 else tuple(value)
    raise InputError(field, f"The {field} is empty: type the token to predict.")


def check_number(field: str, answer: Answer | list[str] | None, most: int = MAX_ANSWERS) -> None:
    """Raise an `InputError` for a set of more tokens than may be asked for."""
    if not isinstance(answer, str | None) and len(answer) > most:
        raise InputError(field, f"There are {len(answer):,} {field}s; at most {most:,} are taken.")


def quoted_answer(answer: Answer) -> str:
    """An answer as a message quotes it."""
    return repr(answer) if isinstance(answer, str) else ", ".join(map(repr, answer))
