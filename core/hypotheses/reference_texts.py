"""A reference set made from a prompt: texts of its length in which what decides the answer varies.

Averaged over at each position they keep what the prompt shares with its like, and lose what tells
it apart. Wang et al. 2022 (arXiv:2211.00593, section 2) average over sentences of one template in
which every name is another one, so that none is said twice; the first way below is theirs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.demo.lexicon import names
from core.errors import InputError
from core.prompts.corruption import random_tokens
from core.prompts.names import name_pattern, two_names
from core.prompts.random_text import exact_text, random_generator, text_pool
from core.prompts.repeats import find_repeat
from core.prompts.tokens import TokenizedPrompt, encode, token_text, tokenize_prompt

COUNT = 32
"""Texts in a set: averages to a fifth of their spread, in as many short passes."""

LEAST = 2
"""Fewer texts than this are no set: then another way is taken."""

_TRIES = 10
"""Draws for each text that is asked for."""


@dataclass(frozen=True)
class MadeTexts:
    """Texts made from a prompt, and what was changed in it, as a sentence without a full stop."""

    texts: tuple[str, ...]
    how: str


def reference_texts(
    tokenizer: Any, prompt: str, count: int = COUNT, seed: int = 0, *, prepend_bos: bool
) -> MadeTexts:
    """Up to `count` different texts with as many tokens as `prompt`; the same for the same `seed`.

    Of a prompt with two names every name is another one; of a prompt that repeats itself the first
    copy has other words; any other gives random words. Raises `InputError` (field "reference")
    where none of them is read back as that many tokens.
    """
    clean = tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    ways = {
        "Every name is another one": _other_names(tokenizer, prompt, seed),
        "The words of the first copy are others": _other_first_copy(tokenizer, clean, seed),
        "Every token is a random one": _random(tokenizer, prompt, seed, prepend_bos),
    }
    for how, drawn in ways.items():
        found: dict[str, None] = {}  # in their order
        for text in islice(drawn, _TRIES * count):
            if text != prompt and text.strip() and _n_tokens(tokenizer, text) == _typed(clean):
                found[text] = None
            if len(found) == count:
                break
        if len(found) >= LEAST:
            return MadeTexts(tuple(found), how)
    raise InputError(
        "reference",
        "No texts of this prompt's length could be made from it. Paste some of your own, one a "
        "line.",
    )


def _other_names(tokenizer: Any, prompt: str, seed: int) -> Iterator[str]:
    """Every occurrence of the two names becomes a name of its own, of as many tokens."""
    try:
        pair = two_names(prompt)
    except InputError:
        return
    pattern = name_pattern(*pair)
    n_places = len(pattern.findall(prompt))
    like = {
        name: [each for each in names() if _tokens_of(tokenizer, each) == length]
        for name in pair
        if (length := _tokens_of(tokenizer, name))
    }
    rng = random_generator(seed)
    while all(len(set(like[name]) - set(pair)) > n_places for name in pair):
        used = set(pair)
        text, start = "", 0
        for match in pattern.finditer(prompt):
            name = str(rng.choice([each for each in like[match[0]] if each not in used]))
            used.add(name)
            text, start = text + prompt[start : match.start()] + name, match.end()
        yield text + prompt[start:]


def _other_first_copy(tokenizer: Any, clean: TokenizedPrompt, seed: int) -> Iterator[str]:
    """Each word of the first copy becomes another, one that the prompt does not hold.

    A first token without a leading space stays where others are left: words are drawn with one.
    """
    repeat = find_repeat(clean)
    if repeat is None:
        return
    special = set(tokenizer.all_special_ids)
    words = [
        position
        for position in range(repeat.first_start, repeat.first_stop)
        if clean.ids[position] not in special
        and any(map(str.isalpha, token_text(tokenizer, clean.ids[position])))
    ]
    opening = int(clean.has_bos)
    if words[1:] and words[0] == opening and not clean.texts[opening].startswith(" "):
        words = words[1:]
    used = set(clean.ids)
    try:
        pool = [i for i in text_pool(tokenizer, len(words) + len(used)) if i not in used]
    except InputError:  # the vocabulary has too few
        return
    rng = random_generator(seed)
    while words:
        ids = list(clean.ids)
        for position, drawn in zip(words, rng.choice(pool, len(words), replace=False), strict=True):
            ids[position] = int(drawn)
        yield exact_text(tokenizer, ids[opening:]) or ""


def _random(tokenizer: Any, prompt: str, seed: int, prepend_bos: bool) -> Iterator[str]:
    for draw in random_generator(seed).integers(2**31, size=_TRIES * COUNT).tolist():
        try:
            yield random_tokens(tokenizer, prompt, draw, prepend_bos=prepend_bos)
        except InputError:
            return


def _tokens_of(tokenizer: Any, name: str) -> int:
    """Tokens of a name inside a sentence."""
    return _n_tokens(tokenizer, f" {name}")


def _n_tokens(tokenizer: Any, text: str) -> int:
    return len(encode(tokenizer, text, "reference"))


def _typed(clean: TokenizedPrompt) -> int:
    """Tokens of a prompt without BOS."""
    return len(clean) - int(clean.has_bos)
