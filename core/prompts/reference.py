"""A reference set as a tokenizer reads it, and whether its texts are as long as a prompt."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.errors import InputError
from core.prompts.tokens import check_embedded, tokenize_prompt
from core.spec.reference_set import ReferenceTextError


@dataclass(frozen=True)
class Misfit:
    """A text that has another number of tokens than is needed; `number` counts texts from 1."""

    number: int
    n_tokens: int


@lru_cache(maxsize=8)
def readable(
    tokenizer: Any, reference: tuple[str, ...], d_vocab: int, prepend_bos: bool
) -> tuple[str, ...]:
    """The texts of a set of ours that a model with `d_vocab` embeddings can read, in their order.

    What somebody chose is never left out: this is for the default set alone. Raises `InputError`
    where not one can be read.
    """
    found = tuple(t for t in reference if _is_readable(tokenizer, t, d_vocab, prepend_bos))
    if not found:
        raise InputError(
            "reference",
            f"This model's tokenizer can read none of the {len(reference):,} default reference "
            "sentences: give a reference set of texts that it reads.",
        )
    return found


def _is_readable(tokenizer: Any, text: str, d_vocab: int, prepend_bos: bool) -> bool:
    try:
        check_embedded(
            tokenize_prompt(tokenizer, text, prepend_bos=prepend_bos).ids, d_vocab, "reference"
        )
    except InputError as error:
        if error.field == "prepend_bos":  # said of the tokenizer, not of the text
            raise
        return False
    return True


@lru_cache(maxsize=8)
def reference_ids(
    tokenizer: Any, reference: tuple[str, ...], prepend_bos: bool
) -> tuple[tuple[int, ...], ...]:
    """Each text's ids, BOS first if asked for; raises `ReferenceTextError`."""
    return tuple(_ids(tokenizer, i, text, prepend_bos) for i, text in enumerate(reference, 1))


def embedded_ids(
    tokenizer: Any, reference: tuple[str, ...], d_vocab: int, *, prepend_bos: bool
) -> tuple[tuple[int, ...], ...]:
    """`reference_ids`, all of which a model with `d_vocab` embeddings knows; raises the same."""
    read = reference_ids(tokenizer, reference, prepend_bos)
    for number, ids in enumerate(read, 1):
        with _text_named(number, reference[number - 1]):
            check_embedded(ids, d_vocab, "reference")
    return read


def misfits(
    tokenizer: Any, reference: tuple[str, ...], n_tokens: int, *, prepend_bos: bool
) -> tuple[Misfit, ...]:
    """The texts that have not `n_tokens` tokens, BOS counted; raises as `reference_ids`."""
    lengths = map(len, reference_ids(tokenizer, reference, prepend_bos))
    return tuple(Misfit(i, n) for i, n in enumerate(lengths, 1) if n != n_tokens)


def longest_if_shorter(
    tokenizer: Any, reference: tuple[str, ...], n_tokens: int, *, prepend_bos: bool
) -> int | None:
    """How many tokens the longest text has where that is under `n_tokens`; else None."""
    longest = max(map(len, reference_ids(tokenizer, reference, prepend_bos)))
    return longest if longest < n_tokens else None


def check_same_length(
    tokenizer: Any, reference: tuple[str, ...], n_tokens: int, *, prepend_bos: bool
) -> None:
    """Raise a `ReferenceTextError` for a set with a text of another length."""
    found = misfits(tokenizer, reference, n_tokens, prepend_bos=prepend_bos)
    if not found:
        return
    others = (
        f" {len(found) - 1:,} more of the {len(reference):,} do not fit either."
        if found[1:]
        else ""
    )
    first = found[0]
    raise ReferenceTextError(
        first.number,
        reference[first.number - 1],
        f"has {first.n_tokens:,} tokens, the prompt "
        f"{n_tokens:,}{' (BOS counted)' if prepend_bos else ''}: each text must have as many, for "
        f"an average at each position. Change it or remove it.{others}",
    )


def _ids(tokenizer: Any, number: int, text: str, prepend_bos: bool) -> tuple[int, ...]:
    with _text_named(number, text):
        return tokenize_prompt(tokenizer, text, prepend_bos=prepend_bos).ids


@contextmanager
def _text_named(number: int, text: str) -> Iterator[None]:
    """Within it what is wrong is said of this text of the set."""
    try:
        yield
    except InputError as error:
        raise ReferenceTextError(number, text, f"cannot be used: {error}") from error
