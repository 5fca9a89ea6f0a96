"""Controls for a prompt that repeats itself: does the model need the first copy at all?

The model may have memorised a well-known sentence; then its ablations say little about copying.
Without the first copy, a memorised continuation stays likely and a copied one does not. Repeated
random words cannot have been memorised (Olsson et al. 2022, arXiv:2209.11895).
"""

from collections.abc import Collection
from typing import Any

from core.errors import InputError
from core.prompts.random_text import (
    decode,
    exact_text,
    random_generator,
    text_pool,
    whole_word_ids,
)
from core.prompts.repeats import find_repeat
from core.prompts.tokens import TokenizedPrompt, ids_if_readable, token_text, tokenize_prompt

_TRIES = 100


def without_first_copy(
    tokenizer: Any, prompt: str, *, prepend_bos: bool, read: TokenizedPrompt | None = None
) -> str:
    """The prompt without its first copy: the second copy alone, without leading white space.

    `read` are the prompt's tokens, if they are known already. Raises `InputError` (field "prompt")
    if the prompt does not end with a repeat.
    """
    tokens = read or tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    repeat = find_repeat(tokens)
    if repeat is None:
        raise InputError(
            "prompt",
            "This prompt does not end with a repeat of its own words, so it has no first copy to "
            "leave out. Type one that does, or use another control.",
        )
    ids = tokens.ids[repeat.second_start : repeat.second_stop]
    text = decode(tokenizer, ids).lstrip()
    if not text or ("\ufffd" in text and "\ufffd" not in prompt):  # starts inside a character
        raise InputError(
            "prompt", "The repeat in this prompt is no readable text. Repeat at least two words."
        )
    return text


def repeated_random(
    tokenizer: Any,
    n_ctx: int,
    length: int,
    seed: int,
    words: Collection[str] = (),
    *,
    prepend_bos: bool,
) -> tuple[str, str, str]:
    """(prompt, target, foil) of random words repeated twice, without the last word of copy two.

    They are drawn from those of `words` that are one token; where that leaves fewer than `length`,
    from tokens that look like words, some of which are only a word's beginning. A copy has `length`
    tokens, so the prompt has exactly 2 * `length` - 1 after BOS. The target is the missing last
    word, the foil another of the words. Raises `InputError` for a length below 3 or too long for
    `n_ctx` positions, and for a tokenizer with too few words.
    """
    longest = (n_ctx + 1 - int(prepend_bos)) // 2
    if not 3 <= length <= longest:
        raise InputError(
            "length",
            f"{length} words a copy: choose from 3 to {longest}, which this model's context of "
            f"{n_ctx:,} tokens holds twice."
            if longest >= 3
            else f"This model's context of {n_ctx:,} tokens is too short for two copies.",
        )
    pool = whole_word_ids(tokenizer, words)
    if len(pool) < length:
        pool = text_pool(tokenizer, length)
    rng = random_generator(seed)
    for _ in range(_TRIES):
        copy = rng.choice(pool, length, replace=False).tolist()
        prompt = exact_text(tokenizer, [*copy, *copy[:-1]])
        # The foil is not the word before the target, which is likely for other reasons.
        target, foil = (_answer(tokenizer, i) for i in (copy[-1], int(rng.choice(copy[:-2]))))
        if prompt is not None and prompt.strip() and target is not None and foil is not None:
            return prompt, target, foil
    raise InputError(
        "prompt",
        f"None of {_TRIES} draws of {length} random words is read back as the tokens drawn. "
        "Choose a smaller length.",
    )


def _answer(tokenizer: Any, token_id: int) -> str | None:
    """A text that this tokenizer encodes, as a target, as this one token; None if there is none."""
    text = token_text(tokenizer, token_id)
    # SentencePiece adds the leading space itself.
    candidates = (c for c in (text, text.removeprefix(" ")) if c.strip(" "))
    return next((c for c in candidates if ids_if_readable(tokenizer, c) == [token_id]), None)
