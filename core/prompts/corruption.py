"""Corrupted prompts: what the answer depends on is changed, and the number of tokens is not.

Resample ablation compares two prompts position by position, so each builder here returns a text
that this tokenizer reads as exactly the ids that were meant, or says why there is none. How to
choose one: Zhang & Nanda 2023 (arXiv:2309.16042), Heimersheim & Nanda 2024 (arXiv:2404.15255).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InputError
from core.prompts.names import check_names, name_pattern, two_names
from core.prompts.random_text import decode, exact_text, generator, text_pool
from core.prompts.repeats import find_repeat
from core.prompts.tokens import TokenizedPrompt, encode, tokenize_prompt
from core.spec.answer import MAX_ANSWER_CHARACTERS
from core.spec.checks import check_text

FIELD = "corrupted_prompt"
_TRIES = 100


@dataclass(frozen=True)
class Alignment:
    """Two prompts of equal length, token by token: one entry a position, BOS included."""

    clean: tuple[str, ...]
    corrupted: tuple[str, ...]
    same: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.same)

    @property
    def n_different(self) -> int:
        """How many positions hold different tokens; at least one."""
        return self.same.count(False)

    @property
    def first_difference(self) -> int:
        """The first such position: before it, resample ablation changes nothing."""
        return self.same.index(False)


def align(clean: TokenizedPrompt, corrupted: TokenizedPrompt) -> Alignment:
    """Set a corrupted prompt beside the clean one.

    Raises `InputError`, with both counts, where the lengths differ, and where nothing is changed.
    """
    if len(clean) != len(corrupted):
        raise InputError(
            FIELD,
            f"The corrupted prompt has {_tokens(len(corrupted))}, the prompt has {len(clean)}: "
            "they must be equal. Add or take out words, or choose words of as many tokens.",
        )
    if clean.ids == corrupted.ids:
        raise InputError(
            FIELD,
            "The corrupted prompt is the prompt itself, so every effect would be 0: change the "
            "words that the answer depends on.",
        )
    same = tuple(a == b for a, b in zip(clean.ids, corrupted.ids, strict=True))
    return Alignment(clean.texts, corrupted.texts, same)


def replace_token(
    tokenizer: Any,
    prompt: str,
    position: int,
    replacement: str,
    *,
    prepend_bos: bool,
    read: TokenizedPrompt | None = None,
) -> str:
    """The prompt with the token at `position` (BOS is 0) replaced by a text of one token.

    `read` are the prompt's tokens, where they are known already. Raises `InputError` for BOS, a
    position past the end, and a replacement that is not read as one token there.
    """
    clean = read or tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    check_text(FIELD, replacement, MAX_ANSWER_CHARACTERS, "The replacement")
    if prepend_bos and position == 0:
        raise InputError(
            FIELD, "Position 0 is BOS, which is no part of the prompt: choose a later position."
        )
    if not 0 <= position < len(clean):
        raise InputError(
            FIELD,
            f"There is no position {position}: this prompt has positions {int(prepend_bos)} to "
            f"{len(clean) - 1}.",
        )
    for text in _replacements(tokenizer, clean, position, replacement):
        changed = _changed(clean, _ids(tokenizer, text, clean))
        if changed == [position]:
            return text
        if changed == []:
            raise InputError(
                FIELD,
                f"{replacement!r} is the token at position {position} already: type another.",
            )
    count = len(encode(tokenizer, replacement, FIELD))
    old = clean.texts[position]
    if count != 1:
        raise InputError(
            FIELD,
            f"{replacement!r} has {_tokens(count)}, the token at position {position} ({old!r}) is "
            "1: they must be equal. Choose a text of one token, most often a word with a space in "
            "front.",
        )
    raise InputError(
        FIELD,
        f"{replacement!r} runs into its neighbours there, so that other tokens change too. "
        f"Choose a text like {old!r}, with a space in front or without one as it has.",
    )


def swap_names(
    tokenizer: Any, prompt: str, *, names: tuple[str, ...] | None = None, prepend_bos: bool
) -> str:
    """The prompt with its two names swapped wherever they occur.

    `names` says which; without it they are found by their capitals. Raises `InputError` unless
    there are two and they have equally many tokens wherever they stand.
    """
    clean = tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    one, other = two_names(prompt) if names is None else check_names(prompt, names)
    pattern = name_pattern(one, other)
    text = pattern.sub(lambda match: other if match[0] == one else one, prompt)
    spans = _spans(tokenizer, prompt, pattern)
    changed = _changed(clean, _ids(tokenizer, text, clean))
    if spans is not None and changed is not None:
        inside = {i + int(prepend_bos) for start, stop in spans for i in range(start, stop)}
        if inside.issuperset(changed):
            return text
    counts = [len(encode(tokenizer, f" {name}", FIELD)) for name in (one, other)]
    if counts[0] != counts[1]:
        why = f"{one!r} has {_tokens(counts[0])}, {other!r} has {counts[1]}: they must be equal"
    else:
        why = f"{one!r} and {other!r} have different numbers of tokens in some of their places"
    raise InputError(FIELD, f"{why}. Use other names in the prompt.")


def shuffle_first_copy(tokenizer: Any, prompt: str, seed: int, *, prepend_bos: bool) -> str:
    """The prompt, which ends with a repeat, with the tokens of the first copy in another order.

    The copy's last token is moved where that can be done, so that what followed it follows
    another; a first token without a leading space stays where it can. Raises `InputError` where
    nothing is repeated, or no other order of its tokens is read as those tokens.
    """
    clean = tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    repeat = find_repeat(clean)
    if repeat is None:
        raise InputError(
            FIELD,
            "This prompt does not end with a repeat of its own words, so there is no first copy "
            "to shuffle. Choose another way to corrupt it.",
        )
    start = int(prepend_bos)
    copy = clean.ids[repeat.first_start : repeat.first_stop]
    stays = not clean.texts[repeat.first_start].startswith(" ")
    for shuffled in _orders(copy, generator(seed), stays):
        ids = (*clean.ids[start : repeat.first_start], *shuffled, *clean.ids[repeat.first_stop :])
        if (text := exact_text(tokenizer, ids)) is not None:
            return text
    raise InputError(
        FIELD,
        "No other order of the first copy is read as the same tokens. Choose another way to "
        "corrupt the prompt.",
    )


def random_tokens(tokenizer: Any, prompt: str, seed: int, *, prepend_bos: bool) -> str:
    """As many random text tokens as the prompt has after BOS, each unlike the one in its place.

    Whole words where the vocabulary has them. Raises `InputError` where none of many draws is read
    back as the tokens drawn.
    """
    clean = tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    pool = np.array(text_pool(tokenizer, 2))
    old = np.array(clean.ids[int(prepend_bos) :])
    rng = generator(seed)
    for _ in range(_TRIES):
        drawn = rng.choice(pool, len(old), replace=len(pool) < len(old))
        for slot in np.flatnonzero(drawn == old):
            drawn[slot] = rng.choice(pool[pool != old[slot]])
        if (text := exact_text(tokenizer, drawn.tolist())) is not None:
            return text
    raise InputError(
        FIELD,
        f"None of {_TRIES} draws of {len(old)} random tokens is read back as the tokens drawn. "
        "Shorten the prompt, or choose another way to corrupt it.",
    )


def _orders(
    copy: tuple[int, ...], rng: np.random.Generator, first_stays: bool
) -> Iterator[tuple[int, ...]]:
    """Other orders of some ids, the more useful ones first."""
    seen = {copy}
    for fixed, moved in ((int(first_stays), True), (0, True), (0, False)):
        for _ in range(_TRIES):
            order = (*copy[:fixed], *rng.permutation(copy[fixed:]).tolist())
            if order not in seen and not (moved and order[-1] == copy[-1]):
                seen.add(order)
                yield order


def _replacements(
    tokenizer: Any, clean: TokenizedPrompt, position: int, replacement: str
) -> Iterator[str]:
    """Texts that may read as the prompt with one token replaced."""
    typed, index = clean.ids[int(clean.has_bos) :], position - int(clean.has_bos)
    text = decode(tokenizer, typed)
    before, through = (decode(tokenizer, typed[:stop]) for stop in (index, index + 1))
    if text.startswith(through) and through.startswith(before):
        yield before + replacement + text[len(through) :]
    ids = encode(tokenizer, replacement, FIELD)
    if len(ids) == 1:  # SentencePiece reads a word at a text's start as it reads it after a space
        yield decode(tokenizer, [*typed[:index], *ids, *typed[index + 1 :]])


def _spans(tokenizer: Any, text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]] | None:
    """Where each name's tokens start and stop, not counting BOS; None if they share a token."""
    ids = encode(tokenizer, text, FIELD)
    spans = []
    for match in pattern.finditer(text):
        start = match.start() - text[: match.start()].endswith(" ")
        ends = [encode(tokenizer, text[:end], FIELD) for end in (start, match.end())]
        if any(ids[: len(end)] != end for end in ends):
            return None
        spans.append((len(ends[0]), len(ends[1])))
    return spans


def _ids(tokenizer: Any, text: str, clean: TokenizedPrompt) -> tuple[int, ...]:
    return (*clean.ids[: int(clean.has_bos)], *encode(tokenizer, text, FIELD))


def _changed(clean: TokenizedPrompt, ids: tuple[int, ...]) -> list[int] | None:
    """The positions that hold other ids, or None where the lengths differ."""
    if len(ids) != len(clean):
        return None
    return [i for i, (a, b) in enumerate(zip(clean.ids, ids, strict=True)) if a != b]


def _tokens(count: int) -> str:
    return f"{count:,} token{'' if count == 1 else 's'}"
