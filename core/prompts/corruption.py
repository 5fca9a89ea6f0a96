"""Build corrupted prompts: they change what the answer depends on, not the number of tokens.

Resample ablation compares two prompts position by position. So each function here returns a text
that this tokenizer encodes as exactly the intended ids, or raises an `InputError` that says why
there is none. How to choose a corrupted prompt: Zhang & Nanda 2023 (arXiv:2309.16042), Heimersheim
& Nanda 2024 (arXiv:2404.15255).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InputError
from core.prompts.names import check_names, name_pattern, two_names
from core.prompts.random_text import decode, exact_text, random_generator, text_pool
from core.prompts.repeats import find_repeat
from core.prompts.tokens import TokenizedPrompt, encode, tokenize_prompt
from core.spec.answer import MAX_ANSWER_CHARACTERS
from core.spec.checks import check_text

FIELD = "corrupted_prompt"
_TRIES = 100


@dataclass(frozen=True)
class Alignment:
    """The token texts of two prompts of equal length: one entry per position, BOS included."""

    clean: tuple[str, ...]
    corrupted: tuple[str, ...]
    same: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.same)

    @property
    def n_different(self) -> int:
        """The number of positions with different tokens; at least one."""
        return self.same.count(False)

    @property
    def first_difference(self) -> int:
        """The first position with different tokens: before it, resample ablation has no effect."""
        return self.same.index(False)


def align(clean: TokenizedPrompt, corrupted: TokenizedPrompt) -> Alignment:
    """Align a corrupted prompt with the clean one.

    Raises `InputError` if the lengths differ (it gives both counts), and if the prompts are equal.
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

    `read` are the prompt's tokens, if they are known already. Raises `InputError` for BOS, for a
    position out of range, and for a replacement that is not encoded as one token at this place.
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
    """The prompt with its two names swapped at every occurrence.

    Without `names` they are found by their capital letters. Raises `InputError` unless there are
    exactly two names, with equal numbers of tokens at every occurrence.
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
    """The prompt, which must end with a repeat, with the tokens of its first copy shuffled.

    If possible, the last token of the copy is moved, so that the target no longer follows it. If
    possible, a first token without a leading space keeps its place. Raises `InputError` if nothing
    is repeated, or if the tokenizer encodes no other order as the same tokens.
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
    for shuffled in _orders(copy, random_generator(seed), stays):
        ids = (*clean.ids[start : repeat.first_start], *shuffled, *clean.ids[repeat.first_stop :])
        if (text := exact_text(tokenizer, ids)) is not None:
            return text
    raise InputError(
        FIELD,
        "No other order of the first copy is read as the same tokens. Choose another way to "
        "corrupt the prompt.",
    )


def random_tokens(tokenizer: Any, prompt: str, seed: int, *, prepend_bos: bool) -> str:
    """Random text with as many tokens as the prompt; each differs from the token at its position.

    The tokens are whole words if the vocabulary has enough. Raises `InputError` if the tokenizer
    encodes none of many draws as the tokens drawn.
    """
    clean = tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    pool = np.array(text_pool(tokenizer, 2))
    old = np.array(clean.ids[int(prepend_bos) :])
    rng = random_generator(seed)
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
    """Random other orders of the ids, the preferred ones first (see `shuffle_first_copy`)."""
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
    """Candidate texts for the prompt with one token replaced; the caller checks their tokens."""
    typed, index = clean.ids[int(clean.has_bos) :], position - int(clean.has_bos)
    text = decode(tokenizer, typed)
    before, through = (decode(tokenizer, typed[:stop]) for stop in (index, index + 1))
    if text.startswith(through) and through.startswith(before):
        yield before + replacement + text[len(through) :]
    ids = encode(tokenizer, replacement, FIELD)
    if len(ids) == 1:  # SentencePiece encodes the first word of a text as if after a space
        yield decode(tokenizer, [*typed[:index], *ids, *typed[index + 1 :]])


def _spans(tokenizer: Any, text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]] | None:
    """(start, stop) of the tokens of each name, without BOS.

    None if a name shares a token with other text.
    """
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
    """The positions with different ids, or None if the lengths differ."""
    if len(ids) != len(clean):
        return None
    return [i for i, (a, b) in enumerate(zip(clean.ids, ids, strict=True)) if a != b]


def _tokens(count: int) -> str:
    return f"{count:,} token{'' if count == 1 else 's'}"
