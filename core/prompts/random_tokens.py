"""Random tokens said twice: the text that roles are measured on, where only repetition helps."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from core.errors import UnavailableError
from core.prompts.random_text import TokenizerLike, text_token_ids
from core.prompts.tokens import check_known

N_SEQUENCES = 20
SEED = 0
MAX_COPY_LENGTH = 50


@dataclass(frozen=True, eq=False)
class RepeatedTokens:
    """Sequences of `copy_length` random tokens said twice, after BOS where `has_bos`."""

    ids: Int[Tensor, "sequence pos"]
    copy_length: int
    has_bos: bool
    seed: int


def copy_length(n_ctx: int) -> int:
    """L, the tokens in one copy: 50, or fewer where two copies and BOS would not fit `n_ctx`
    positions. Raises `UnavailableError` where there is no room for two copies of 2.
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
    """Random text tokens, drawn without replacement within a sequence, each sequence said twice.

    Args:
        tokenizer: whose tokens to draw from.
        n_ctx: the model's context in tokens, which bounds the copy's length.
        prepend_bos: start with BOS; ignored where the tokenizer has none.
        n_sequences: how many sequences.
        seed: of the drawing.
        d_vocab: how many tokens the model has a vector for (None: all of the tokenizer's).

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
        check_known([bos], bos + 1 if d_vocab is None else d_vocab, "model")
        ids = torch.cat([torch.full((n_sequences, 1), bos), ids], dim=1)
    return RepeatedTokens(ids, length, bos is not None, seed)
