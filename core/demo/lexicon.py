"""The embedded model's words: lists by meaning, and which words are held out in training."""

import re
from functools import cache
from pathlib import Path

WORDS_FILE = Path(__file__).parent / "words" / "words.txt"

PANGRAM_WORDS = ("quick", "brown", "fox", "jumps", "lazy", "dog")
"""The content words of the notebook's pangram: training never shows two of them together."""

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
    """List name -> its entries as in `words.txt`.

    An entry is "word", "singular/plural", or the four forms of a verb.
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
    """The singular of an entry: "fox" for "fox/foxes"."""
    return entry.split("/")[0]


def plural(entry: str) -> str:
    """The plural of an entry: "foxes" for "fox/foxes"; an entry without plural is unchanged."""
    return entry.split("/")[-1]


@cache
def names() -> tuple[str, ...]:
    """Every first name; boys' and girls' names alternate until one list ends."""
    he, she = word_lists()["he"], word_lists()["she"]
    paired = [name for pair in zip(he, she, strict=False) for name in pair]
    return tuple(dict.fromkeys([*paired, *he, *she]))


@cache
def all_words() -> tuple[str, ...]:
    """All forms of all words, without repetition, in the order of `words.txt`.

    Each of them is a single token of the tokenizer.
    """
    forms = (
        form for entries in word_lists().values() for entry in entries for form in entry.split("/")
    )
    return tuple(dict.fromkeys(forms))


@cache
def everyday_words() -> frozenset[str]:
    """Words of four letters or more that are no names: for random text that people can read.

    Most vocabularies of English hold each of them as one token.
    """
    return frozenset(word for word in all_words() if len(word) >= 4 and word.islower())


@cache
def held_out_names() -> tuple[str, ...]:
    """A quarter of the names, with John and Mary: no training row contains two of them."""
    return tuple(names()[i] for i in range(len(names())) if i % 8 < 2)


@cache
def held_out_words() -> tuple[str, ...]:
    """The held-out content words: no training row contains two of them.

    They are the pangram's words and every tenth word of the everyday lists.
    """
    entries = [e for name in (*_HELD_OUT_NOUNS, *_HELD_OUT_OTHERS) for e in word_lists()[name]]
    return tuple(dict.fromkeys([*PANGRAM_WORDS, *(singular(e) for e in entries[3::10])]))
