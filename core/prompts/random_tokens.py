"""Repeated random tokens, on which role scores are measured: only the repetition is predictable."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from core.errors import UnavailableError
from core.prompts.random_text import TokenizerLike, text_token_ids
from core.prompts.tokens import check_embedded

N_SEQUENCES = 20
SEED = 0
MAX_COPY_LENGTH = 50


@dataclass(frozen=True, eq=False)
class RepeatedTokens:
    """Sequences of two equal copies of `copy_length` random tokens, after BOS if `has_bos`."""

    ids: Int[Tensor, "sequence pos"]
    copy_length: int
    has_bos: bool
    seed: int


def copy_length(n_ctx: int) -> int:
    """L, the number of tokens in one copy: 50, or fewer so that two copies and BOS fit `n_ctx`.

    Raises `UnavailableError` if two copies of 2 tokens do not fit.
    """
    length = min(MAX_COPY_LENGTH, (n_ctx - 1) // 2)
    if length < 2:
        raise UnavailableError(
            f"Roles are measured on random tokens said twice, and a context of {n_ctx} tokens is "
            "too short for two copies: at least 5 are needed. Choose another model."
        )
    return length


def repeated_random_tokens(
    tokenizer: TokenizerLike,
    n_ctx: int,
    prepend_bos: bool = True,
    n_sequences: int = N_SEQUENCES,
    seed: int = SEED,
    d_vocab: int | None = None,
) -> RepeatedTokens:
    """Sequences of random text tokens, each repeated once; a copy contains no token twice.

    Args:
        tokenizer: the tokenizer whose tokens are drawn.
        n_ctx: the model's context length in tokens, which limits the copy's length.
        prepend_bos: start with BOS; ignored if the tokenizer has none.
        n_sequences: the number of sequences.
        seed: the seed of the random draw.
        d_vocab: the number of tokens for which the model has an embedding (None: all).

    Raises:
        UnavailableError: the context is too short, or the tokenizer has fewer text tokens than one
        copy needs.

    """
    length = copy_length(n_ctx)
    pool = np.array([i for i in text_token_ids(tokenizer) if d_vocab is None or i < d_vocab])
    if len(pool) < length:
        raise UnavailableError(
            "Roles are measured on random tokens, and this model's tokenizer has "
            f"{len(pool)} text tokens, one copy needs {length}. Choose another model."
        )
    rng = np.random.default_rng(seed)
    copies = np.stack([rng.choice(pool, length, replace=False) for _ in range(n_sequences)])
    ids = torch.from_numpy(np.concatenate([copies, copies], axis=1)).long()
    bos = tokenizer.bos_token_id if prepend_bos else None
    if bos is not None:
        check_embedded([bos], bos + 1 if d_vocab is None else d_vocab, "model")
        ids = torch.cat([torch.full((n_sequences, 1), bos), ids], dim=1)
    return RepeatedTokens(ids, length, bos is not None, seed)
