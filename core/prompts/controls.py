"""Controls for a prompt that repeats itself: does the model need the first copy at all?

A well-known sentence may be memorised, and then its ablations say little about copying. Without the
first copy a memorised continuation stays likely and a copied one does not; random words said twice
cannot have been memorised (Olsson et al. 2022, arXiv:2209.11895).
"""

from typing import Any

from core.errors import InputError
from core.prompts.random_text import decode, exact_text, generator, text_pool
from core.prompts.repeats import find_repeat
from core.prompts.tokens import TokenizedPrompt, encode, token_text, tokenize_prompt

_TRIES = 100


def without_first_copy(
    tokenizer: Any, prompt: str, *, prepend_bos: bool, read: TokenizedPrompt | None = None
) -> str:
    """The second copy alone, of a prompt that ends with a repeat; white space in front is dropped.

    `read` are the prompt's tokens, where they are known already. Raises `InputError` (field
    "prompt") where nothing is repeated.
    """
    if read is None:
        read = tokenize_prompt(tokenizer, prompt, prepend_bos=prepend_bos)
    repeat = find_repeat(read)
    if repeat is None:
        raise InputError(
            "prompt",
            "This prompt does not end with a repeat of its own words, so it has no first copy to "
            "leave out. Type one that does, or use another control.",
        )
    ids = read.ids[repeat.second_start : repeat.second_stop]
    text = decode(tokenizer, ids).lstrip()
    if not text or ("\ufffd" in text and "\ufffd" not in prompt):  # it starts within a character
        raise InputError(
            "prompt", "The repeat in this prompt is no readable text. Repeat at least two words."
        )
    return text


def repeated_random(
    tokenizer: Any, n_ctx: int, length: int, seed: int, *, prepend_bos: bool
) -> tuple[str, str, str]:
    """Random words said twice but for the last of the second copy: prompt, target and foil.

    The target is that last word, the foil another of the same `length` words; each is one token,
    and the prompt is read as exactly 2 `length` - 1 tokens after BOS. Raises `InputError` for a
    length below 3 or past what `n_ctx` positions hold, and for a tokenizer that has too few words.
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
    pool = text_pool(tokenizer, length)
    rng = generator(seed)
    for _ in range(_TRIES):
        copy = rng.choice(pool, length, replace=False).tolist()
        prompt = exact_text(tokenizer, [*copy, *copy[:-1]])
        # The foil is not the word before the target: a repeat of that is likely for other reasons.
        target, foil = (_answer(tokenizer, i) for i in (copy[-1], int(rng.choice(copy[:-2]))))
        if prompt is not None and prompt.strip() and target is not None and foil is not None:
            return prompt, target, foil
    raise InputError(
        "prompt",
        f"None of {_TRIES} draws of {length} random words is read back as the tokens drawn. "
        "Choose a smaller length.",
    )


def _answer(tokenizer: Any, token_id: int) -> str | None:
    """A text that this tokenizer reads as the one token, as a target is read."""
    text = token_text(tokenizer, token_id)
    # SentencePiece puts the leading space there itself.
    candidates = (c for c in (text, text.removeprefix(" ")) if c.strip(" "))
    return next((c for c in candidates if encode(tokenizer, c, "target") == [token_id]), None)
