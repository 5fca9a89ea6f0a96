"""Find names in a prompt by their capital letters: for sentences like "John and Mary went"."""

import re

from core.errors import InputError
from core.spec.answer import MAX_ANSWER_CHARACTERS
from core.spec.checks import check_text

_FIELD = "corrupted_prompt"
_WORD = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*")
_ENDS = (".", "!", "?", "…", ":", "\n")
_BETWEEN = " \t\"'“”‘’([*_–—-"
_TITLES = frozenset(("Mr", "Mrs", "Ms", "Dr", "Prof"))
_OPENING_WORDS = (
    "After All Although An And Another Any As At Because Before Both But By Can Could Did Do Does "
    "During Each Every For From Has Have He Her Here His How If In Into Is It Its Just Last Later "
    "Many Most My Next No Nobody Not Now Of On Once One Or Our Over She Should Since So Some "
    "Someone Soon Still That The Their Then There These They This Those Though To Today Tomorrow "
    "Two Under Until Was We Were What When Whenever Where Whether Which While Who Whose Why Will "
    "With Without Would Yes Yesterday Yet You Your"
)
_OPENERS = frozenset(_OPENING_WORDS.split())
"""Words that often begin English sentences and are not names."""


def two_names(prompt: str) -> tuple[str, str]:
    """The two names of a prompt, in the order in which they first occur.

    Names are capitalised words inside a sentence. If there are fewer than two, capitalised words
    that begin a sentence count too, except usual first words. Raises `InputError` unless there are
    exactly two names.
    """
    inside: set[str] = set()
    anywhere: dict[str, None] = {}  # a set that keeps its order
    for match in _WORD.finditer(prompt):
        word = match[0]
        if not word[0].isupper() or word in _TITLES:
            continue
        before = prompt[: match.start()].rstrip(_BETWEEN)
        begins = not before or before.endswith(_ENDS)
        if not begins:
            inside.add(word)
        if not begins or word not in _OPENERS:
            anywhere[word] = None
    found = [word for word in anywhere if len(inside) < 2 or word in inside]
    if len(found) != 2:
        seen = ", ".join(map(repr, found)) or "none"
        raise InputError(
            _FIELD,
            "Swapping needs exactly two names (words with a capital); this prompt has "
            f"{len(found)} ({seen}). Say which two to swap, or change the prompt.",
        )
    return found[0], found[1]


def check_names(prompt: str, names: tuple[str, ...]) -> tuple[str, str]:
    """The two given names. Raises `InputError` unless they are different words of the prompt."""
    if len(names) != 2 or names[0] == names[1]:
        shown = ", ".join(map(repr, names)) or "none"
        raise InputError(_FIELD, f"Swapping needs two different names; given: {shown}.")
    for name in names:
        check_text(_FIELD, name, MAX_ANSWER_CHARACTERS, "A name")
        if not name_pattern(name).search(prompt):
            raise InputError(
                _FIELD,
                f"{name!r} is no word of this prompt: check its spelling and its capitals.",
            )
    return names[0], names[1]


def name_pattern(*names: str) -> re.Pattern[str]:
    """A pattern that matches any of the names as a whole word ("Al" in "Al's", not in "Alan")."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
