"""The embedded model's words: lists by meaning, and which of them training holds apart."""

import re
from functools import cache
from pathlib import Path

WORDS_FILE = Path(__file__).parent / "words" / "words.txt"

PANGRAM_WORDS = ("quick", "brown", "fox", "jumps", "lazy", "dog")
"""The notebook's pangram, less its function words: training never shows two of them together."""

_HELD_OUT_NOUNS = (
    "animal",
    "food",
    "thing",
    "clothes",
    "furniture",
    "place",
    "nature",
    "vehicle",
    "body",
    "job",
)
_HELD_OUT_OTHERS = ("color", "looks", "nature_adj", "abstract")


@cache
def word_lists() -> dict[str, tuple[str, ...]]:
    """List name -> its entries as written in `words.txt`: "word", or "singular/plural", or a
    verb's four forms.
    """
    lists: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in WORDS_FILE.read_text(encoding="utf-8").splitlines():
        header = re.fullmatch(r"\[(\w+)\]", line.strip())
        if header:
            name = header.group(1)
            lists[name] = ()
        elif line.strip() and not line.startswith("#"):
            entries = line.replace("|", " ").split()
            lists[name] += tuple(f"{e[:-1]}/{e[:-1]}s" if e.endswith("+") else e for e in entries)
    return lists


def singular(entry: str) -> str:
    """The "fox" of "fox/foxes"."""
    return entry.split("/")[0]


def plural(entry: str) -> str:
    """The "foxes" of "fox/foxes"; an entry without a plural stays as it is."""
    return entry.split("/")[-1]


@cache
def names() -> tuple[str, ...]:
    """Every first name, boys' and girls' alternating as far as both lists go."""
    he, she = word_lists()["he"], word_lists()["she"]
    paired = [name for pair in zip(he, she, strict=False) for name in pair]
    return tuple(dict.fromkeys([*paired, *he, *she]))


@cache
def all_words() -> tuple[str, ...]:
    """Every word once, all forms, in the order of `words.txt`: what the tokenizer holds as single
    tokens.
    """
    forms = (
        form for entries in word_lists().values() for entry in entries for form in entry.split("/")
    )
    return tuple(dict.fromkeys(forms))


@cache
def held_out_names() -> tuple[str, ...]:
    """A quarter of the names, John and Mary among them: no training row holds two of them."""
    return tuple(names()[i] for i in range(len(names())) if i % 8 < 2)


@cache
def held_out_words() -> tuple[str, ...]:
    """Content words of which no training row holds two: the pangram's and every tenth of the
    everyday lists.
    """
    entries = [e for name in (*_HELD_OUT_NOUNS, *_HELD_OUT_OTHERS) for e in word_lists()[name]]
    return tuple(dict.fromkeys([*PANGRAM_WORDS, *(singular(e) for e in entries[3::10])]))
