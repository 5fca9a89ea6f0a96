"""How a model does on a prompt to begin with, in a few words, and what the embedded one knows."""

import re
from functools import cache

from core.demo.lexicon import all_words, names
from core.demo.starters import Standing
from core.text.numbers import percent

BEYOND = 10
"""A rank behind which an answer is no more than one of many."""
_MOST_NAMED = 5


def standing_words(found: Standing) -> str:
    """As "P(target) 84.5 %, rank 1"; said plainly where the model cannot do it."""
    if found.refused:
        return f"not on this model: {found.refused}"
    numbers = f"P(target) {percent(found.prob)}, rank {found.rank:,}"
    if found.rank == 1:
        return numbers
    return f"{numbers}: {'beyond this model' if found.rank > BEYOND else 'not its first choice'}"


def known_words() -> str:
    """Which words the embedded model knows: a sentence."""
    rounded = round(len(all_words()), -2)
    return (
        f"The embedded model knows about {rounded:,} words, from simple sentences that were made "
        f"to train it: {len(names())} first names, animals, food, things, colours, jobs, places, "
        "cities, days, months and common verbs. Any other word is cut into pieces that mean "
        "little to it."
    )


def unknown_words(prompt: str) -> tuple[str, ...]:
    """The words of a prompt that the embedded model was not trained on, each once, in order."""
    found = re.findall(r"[^\W\d_]+(?:’s|'s)?", prompt)
    bare = (re.sub(r"[’']s$", "", word) for word in found)
    return tuple(dict.fromkeys(word for word in bare if word.casefold() not in _known()))


def unknown_note(prompt: str) -> str:
    """What to say of a prompt's unknown words to who types it; "" where all are known."""
    unknown = unknown_words(prompt)
    if not unknown:
        return ""
    named = ", ".join(f"“{word}”" for word in unknown[:_MOST_NAMED])
    more = f" and {len(unknown) - _MOST_NAMED:,} more" if len(unknown) > _MOST_NAMED else ""
    return (
        f"The embedded model was not trained on {named}{more}: what it does with this prompt may "
        "say little. It knows everyday words; a larger model knows more."
    )


@cache
def _known() -> frozenset[str]:
    return frozenset(word.casefold() for word in all_words())
