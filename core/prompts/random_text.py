"""Random text that a tokenizer encodes as exactly the tokens drawn."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np

from core.errors import InputError
from core.prompts.tokens import decoded, ids_if_readable, token_text

_WORDS = (re.compile(r" [^\W\d_]{4,}"), re.compile(r" [^\W\d_]{2,}"))
"""A space, then letters. With four letters or more a token is seldom only the beginning of a word;
with two it often is."""


_MARKER = re.compile(
    r"<0x[0-9A-Fa-f]{2}>"  # a byte, for what has no token
    r"|</?[A-Za-z][\w-]*>|<[|｜].*[|｜]>|\[[A-Z]+\d*\]|\[unused\d+\]"  # <unk>, <|im_end|>, [UNK]
    r"|▁+"  # SentencePiece's spaces alone
)
"""A vocabulary's entry that is a marker, though a converted tokenizer may not call it special."""


@runtime_checkable
class TokenizerLike(Protocol):
    """The part of a Hugging Face tokenizer that is needed to draw random text tokens."""

    @property
    def all_special_ids(self) -> list[int]:
        """Ids that are not text: BOS, EOS, padding and similar."""

    @property
    def bos_token_id(self) -> int | None:
        """The BOS id, None if the tokenizer has none."""

    def __len__(self) -> int: ...

    def __hash__(self) -> int: ...

    def decode(self, token_ids: list[int]) -> str:
        """The text of some ids."""


def random_generator(seed: int) -> np.random.Generator:
    """A random number generator for a user's seed. Raises `InputError` for a negative seed."""
    if seed < 0:
        raise InputError("seed", f"The seed is {seed}: use a whole number from 0.")
    return np.random.default_rng(seed)


def text_token_ids(tokenizer: TokenizerLike) -> list[int]:
    """Ids that decode to text, in ascending order.

    Special tokens, other markers and tokens that are only a part of a character are left out.
    """
    return list(_text_token_ids(tokenizer))


@lru_cache(maxsize=8)
def _text_token_ids(tokenizer: TokenizerLike) -> tuple[int, ...]:
    markers = _marker_ids(tokenizer)
    ids = (i for i in range(len(tokenizer)) if i not in markers)
    return tuple(i for i in ids if (text := decoded(tokenizer, [i])) and "\ufffd" not in text)


def _marker_ids(tokenizer: Any) -> set[int]:
    """Special tokens, added ones that are called special, and entries that look like a marker."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    found = {*tokenizer.all_special_ids, *(i for i, token in added.items() if token.special)}
    if hasattr(tokenizer, "convert_ids_to_tokens"):
        pieces = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        found |= {i for i, piece in enumerate(pieces) if _MARKER.fullmatch(piece or "")}
    return found


def text_pool(tokenizer: Any, needed: int) -> tuple[int, ...]:
    """The ids from which random text is drawn; they include no special tokens.

    They are mostly whole words if the vocabulary has `needed` of those, else all text tokens.
    Raises `InputError` if there are fewer than `needed`.
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


def whole_word_ids(tokenizer: Any, words: Collection[str]) -> tuple[int, ...]:
    """The ids of those words that are one token after a space, in ascending order.

    A vocabulary does not say which of its entries are whole words: a list of words does.
    """
    texts = {f" {word}" for word in words}
    looks_like_words = _whole_words(tokenizer)[-1]
    return tuple(i for i in looks_like_words if token_text(tokenizer, i) in texts)


def decode(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of some ids, with special tokens and without any clean-up of spaces.

    Raises `InputError` where the tokenizer cannot say it.
    """
    text = decoded(tokenizer, ids, clean_up_tokenization_spaces=False)
    if text is None:
        raise InputError("model", "This model's tokenizer cannot turn its own tokens into text.")
    return text


def exact_text(tokenizer: Any, ids: Sequence[int]) -> str | None:
    """The text of some ids (without BOS), or None if the tokenizer encodes it as other ids."""
    text = decode(tokenizer, ids)
    return text if ids_if_readable(tokenizer, text) == list(ids) else None


@lru_cache(maxsize=8)
def _whole_words(tokenizer: Any) -> tuple[tuple[int, ...], ...]:
    """Ids whose text looks like a whole word, one tuple per pattern of `_WORDS`."""
    markers = _marker_ids(tokenizer)
    texts = {i: token_text(tokenizer, i) for i in range(len(tokenizer)) if i not in markers}
    return tuple(tuple(i for i, text in texts.items() if kind.fullmatch(text)) for kind in _WORDS)
