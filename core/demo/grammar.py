"""Random everyday sentences and short stories, drawn from `grammar.txt`.

Each line of that file is a text with slots; the file's header explains the notation. Slots that are
not word lists (numbers, capitals, years) are computed here.
"""

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from core.demo.lexicon import names, plural, singular, word_lists

GRAMMAR_FILE = Path(__file__).parent / "words" / "grammar.txt"
_SLOT = re.compile(r"\{(\+?)([a-zA-Z]\w*?)(!?)(\d?)\}")
_CHOICE = re.compile(r"\(([^()|]*(?:\|[^()|]*)+)\)")
_ARTICLE = re.compile(r"\b([Aa])( [aeioAEIO]| umb| ugl| und)")
_HE = {"he": "he", "He": "He", "his": "his", "him": "him", "child": "boy"}
_SHE = {"he": "she", "He": "She", "his": "her", "him": "her", "child": "girl"}


@cache
def _kinds() -> tuple[tuple[str, ...], ...]:
    """The kinds of text: a tuple of lines for each, repeated as often as the kind's weight."""
    kinds: list[list[str]] = []
    weights: list[int] = []
    for line in GRAMMAR_FILE.read_text(encoding="utf-8").splitlines():
        header = re.fullmatch(r"\[(\w+) (\d+)\]", line)
        if header:
            kinds.append([])
            weights.append(int(header.group(2)))
        elif line and not line.startswith("#"):
            kinds[-1].append(line)
    return tuple(
        tuple(lines) for lines, weight in zip(kinds, weights, strict=True) for _ in range(weight)
    )


def _run_of(items: tuple[str, ...], rng: random.Random) -> str:
    start = rng.randrange(len(items) - 3)
    return ", ".join(items[start : start + rng.randint(4, 8)])


def _years(rng: random.Random) -> str:
    """For example "1732 to the year 1758.": the second year is later, in the same century.

    This is the greater-than task (Hanna et al. 2023, arXiv:2305.00586).
    """
    century, start = rng.randint(11, 19), rng.randint(2, 96)
    return f"{century}{start:02d} to the year {century}{rng.randint(start + 1, 99):02d}."


def _numerals(rng: random.Random) -> str:
    start, step = rng.randint(0, 60), rng.choice((1, 1, 1, 2, 5, 10))
    return ", ".join(str(n) for n in range(start, min(100, start + 9 * step), step))


def _capital(rng: random.Random) -> str:
    country, city = rng.choice(
        list(zip(word_lists()["country"], word_lists()["city"], strict=True))
    )
    return f"{country} is {city}"


def _city_in(rng: random.Random) -> str:
    country, city = rng.choice(
        list(zip(word_lists()["country"], word_lists()["city"], strict=True))
    )
    return f"{city} is the capital of {country}"


def _opposite(rng: random.Random, joint: str) -> str:
    pair = rng.choice(word_lists()["opposite_pairs"]).split("/")
    rng.shuffle(pair)
    return joint.join(pair)


_COMPUTED: dict[str, Callable[[random.Random], str]] = {
    "days": lambda rng: _run_of(word_lists()["day"], rng) + ".",
    "months": lambda rng: _run_of(word_lists()["month"], rng) + ".",
    "count": lambda rng: _run_of(("one", *word_lists()["number"][:11]), rng) + ".",
    "numerals": _numerals,
    "years": _years,
    "year": lambda rng: f"{rng.randint(11, 19)}{rng.randint(0, 99):02d}",
    "capital": _capital,
    "city_in": _city_in,
    "opposite": lambda rng: _opposite(rng, " is "),
    "pair": lambda rng: _opposite(rng, " and "),
    "event": lambda rng: rng.choice(("war", "war", "trip", "party", "race", "game", "plan")),
    "adj": lambda rng: rng.choice(
        word_lists()[rng.choice(("size", "looks", "nature_adj", "mood", "color"))]
    ),
}


def _person_word(slot: str, name: str) -> str:
    return (_SHE if name in word_lists()["she"] else _HE)[slot]


def _fill(slot: str, form: str, index: str, memo: dict[str, str], rng: random.Random) -> str:
    """The text of one slot; `memo` has the words chosen so far in this text, by slot."""
    if slot in _HE:
        return _person_word(slot, memo[f"x{index}"])
    key = f"{slot}{index}"
    entry = memo.get(key) if index else None
    if entry is None:
        taken = set(memo.values())
        draw = _COMPUTED.get(slot) or (
            lambda rng: rng.choice(names() if slot == "x" else word_lists()[slot])
        )
        entry = draw(rng)
        while index and entry in taken:
            entry = draw(rng)
        memo[key if index else f"{slot}-{len(memo)}"] = entry
    if "/" not in entry:
        return entry
    return plural(entry) if form else singular(entry)


def expand(line: str, rng: random.Random) -> str:
    """The line with its choices made at random and its slots filled."""
    memo: dict[str, str] = {}
    line = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), line)

    def fill(match: re.Match[str]) -> str:
        capital, slot, form, index = match.groups()
        word = _fill(slot, form, index, memo, rng)
        return word[0].upper() + word[1:] if capital else word

    return _ARTICLE.sub(r"\1n\2", _SLOT.sub(fill, line))


def sentence_text(rng: random.Random) -> str:
    """One random text of the grammar; kinds are drawn by their weights."""
    return expand(rng.choice(rng.choice(_kinds())), rng)


def all_lines() -> tuple[str, ...]:
    """Every line of the grammar, without repetition."""
    return tuple(dict.fromkeys(line for kind in _kinds() for line in kind))
