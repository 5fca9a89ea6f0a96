"""Random text that a tokenizer reads as exactly the tokens drawn."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np

from core.errors import InputError
from core.prompts.tokens import encode, token_text

_WORDS = (re.compile(r" [^\W\d_]{4,}"), re.compile(r" [^\W\d_]{2,}"))
"""A space and letters: four or more are seldom the beginning of a word only, two often are."""


@runtime_checkable
class TokenizerLike(Protocol):
    """The part of a Hugging Face tokenizer that sampling random text tokens needs."""

    @property
    def all_special_ids(self) -> list[int]:
        """Ids that are no text: BOS, EOS, padding and the like."""

    @property
    def bos_token_id(self) -> int | None:
        """The id that starts a text, if the tokenizer has one."""

    def __len__(self) -> int: ...

    def __hash__(self) -> int: ...

    def decode(self, token_ids: list[int]) -> str:
        """The text of some ids."""


def generator(seed: int) -> np.random.Generator:
    """Random numbers from a seed that a form may hold; raises `InputError` for a negative one."""
    if seed < 0:
        raise InputError("seed", f"The seed is {seed}: use a whole number from 0.")
    return np.random.default_rng(seed)


def text_token_ids(tokenizer: TokenizerLike) -> list[int]:
    """Ids that decode to text, in order: special tokens and lone bytes of longer characters are
    left out.
    """
    return list(_text_token_ids(tokenizer))


@lru_cache(maxsize=8)
def _text_token_ids(tokenizer: TokenizerLike) -> tuple[int, ...]:
    special = set(tokenizer.all_special_ids)
    ids = (i for i in range(len(tokenizer)) if i not in special)
    return tuple(i for i in ids if (text := tokenizer.decode([i])) and "\ufffd" not in text)


def text_pool(tokenizer: Any, needed: int) -> tuple[int, ...]:
    """Ids to draw random text from; special tokens are never among them.

    Mostly whole words where the vocabulary has `needed` of those, else all text tokens. Fewer than
    `needed` are an `InputError`.
    """
    for words in _whole_words(tokenizer):
        if len(words) >= needed:
            return words
    ids = tuple(text_token_ids(tokenizer))
    if len(ids) < needed:
        raise InputError(
            "model",
            f"This model's tokenizer has {len(ids)} tokens of text; {needed} are needed. Choose "
            "another model or a smaller number.",
        )
    return ids


def decode(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of some ids, special tokens included, with nothing tidied."""
    return str(tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))


def exact_text(tokenizer: Any, ids: Sequence[int]) -> str | None:
    """The text of some ids (BOS not among them), or None if the tokenizer reads it as others."""
    text = decode(tokenizer, ids)
    return text if encode(tokenizer, text, "prompt") == list(ids) else None


@lru_cache(maxsize=8)
def _whole_words(tokenizer: Any) -> tuple[tuple[int, ...], ...]:
    """Ids of what looks like a whole word, the surest kind first."""
    special = set(tokenizer.all_special_ids)
    texts = {i: token_text(tokenizer, i) for i in range(len(tokenizer)) if i not in special}
    return tuple(tuple(i for i, text in texts.items() if kind.fullmatch(text)) for kind in _WORDS)
