"""What a head looks at, measured on repeated random tokens: five scores from its attention pattern.

A sequence is BOS, then L random tokens, then the same L again. The scores are mean attention
weights over the second copy's queries only. Prefix matching: Olsson et al. 2022, arXiv:2209.11895.
A score says what a head looks at; whether that matters is what ablation measures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

N_SEQUENCES = 20
SEED = 0
MAX_COPY_LENGTH = 50

ROLES = ("induction", "duplicate token", "previous token", "current token", "first token")


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

    def decode(self, token_ids: list[int]) -> str:
        """The text of some ids."""


@dataclass(frozen=True)
class RepeatedTokens:
    """Sequences of `copy_length` random tokens said twice, after BOS where `has_bos`."""

    ids: Int[Tensor, "sequence pos"]
    copy_length: int
    has_bos: bool
    seed: int


@dataclass(frozen=True)
class RoleScores:
    """Mean attention weight (0 to 1) of every head in every role, and its standard error over
    sequences.

    Axes: role (in the order of `roles`), layer, head.
    """

    mean: Float[np.ndarray, "role layer head"]
    standard_error: Float[np.ndarray, "role layer head"]
    copy_length: int
    n_sequences: int
    roles: tuple[str, ...] = ROLES

    def of(self, role: str) -> Float[np.ndarray, "layer head"]:
        """The mean score of one role."""
        if role not in self.roles:
            raise ValueError(f"no role {role!r}: choose one of {', '.join(self.roles)}")
        score: Float[np.ndarray, "layer head"] = self.mean[self.roles.index(role)]
        return score


def copy_length(n_ctx: int) -> int:
    """L, the tokens in one copy: 50, or fewer where two copies and BOS would not fit `n_ctx`
    positions.
    """
    length = min(MAX_COPY_LENGTH, (n_ctx - 1) // 2)
    if length < 2:
        raise ValueError(
            f"a context of {n_ctx} tokens is too short for two copies: at least 5 are needed"
        )
    return length


def text_token_ids(tokenizer: TokenizerLike) -> list[int]:
    """Ids that decode to text, in order: special tokens and lone bytes of longer characters are
    left out.
    """
    special = set(tokenizer.all_special_ids)
    ids = (i for i in range(len(tokenizer)) if i not in special)
    return [i for i in ids if (text := tokenizer.decode([i])) and "\ufffd" not in text]


def repeated_random_tokens(
    tokenizer: TokenizerLike,
    n_ctx: int,
    prepend_bos: bool = True,
    n_sequences: int = N_SEQUENCES,
    seed: int = SEED,
) -> RepeatedTokens:
    """Random text tokens, drawn without replacement within a sequence, each sequence said twice.

    Args:
        tokenizer: whose tokens to draw from.
        n_ctx: the model's context in tokens, which bounds the copy's length.
        prepend_bos: start with BOS; ignored where the tokenizer has none.
        n_sequences: how many sequences.
        seed: of the drawing.

    Raises:
        ValueError: the context is too short, or the tokenizer has fewer text tokens than one copy
        needs.

    """
    length = copy_length(n_ctx)
    pool = np.array(text_token_ids(tokenizer))
    if len(pool) < length:
        raise ValueError(f"the tokenizer has {len(pool)} text tokens, one copy needs {length}")
    rng = np.random.default_rng(seed)
    copies = np.stack([rng.choice(pool, length, replace=False) for _ in range(n_sequences)])
    ids = torch.from_numpy(np.concatenate([copies, copies], axis=1)).long()
    bos = tokenizer.bos_token_id if prepend_bos else None
    if bos is not None:
        ids = torch.cat([torch.full((n_sequences, 1), bos), ids], dim=1)
    return RepeatedTokens(ids, length, bos is not None, seed)


def role_scores_by_sequence(
    pattern: Float[Tensor, "sequence head pos pos"], copy_length: int, has_bos: bool = True
) -> Float[Tensor, "role sequence head"]:
    """Each role's attention weight, averaged over the second copy's queries of each sequence.

    With BOS at position 0 the queries are q = L+1 .. 2L; without it, q = L .. 2L-1. `pattern[...,
    q, k]` is the weight that query q gives key k; roles are in the order of `ROLES`.
    """
    first_query = copy_length + int(has_bos)
    expected = first_query + copy_length
    if pattern.shape[-1] != expected:
        raise ValueError(
            f"the pattern has {pattern.shape[-1]} positions, two copies of {copy_length} tokens "
            f"{'after' if has_bos else 'without'} BOS have {expected}"
        )
    query = torch.arange(first_query, expected, device=pattern.device)
    keys = (
        query - copy_length + 1,  # induction: what came after the token's first occurrence
        query - copy_length,  # duplicate token
        query - 1,  # previous token
        query,  # current token
        torch.zeros_like(query),  # first token
    )
    return torch.stack([pattern[:, :, query, key].mean(-1) for key in keys])


def role_scores(
    patterns: Iterable[Float[Tensor, "sequence head pos pos"]],
    copy_length: int,
    has_bos: bool = True,
) -> RoleScores:
    """Role scores of every head, from one pattern a layer, in the layers' order.

    The patterns may come one at a time, so that a large model's need not be held together.
    """
    layers: list[Tensor] = [
        role_scores_by_sequence(pattern, copy_length, has_bos).double().cpu()
        for pattern in patterns
    ]
    if not layers:
        raise ValueError(
            "no attention patterns: a model without attention layers has no role scores"
        )
    scores = torch.stack(layers, dim=1)  # role, layer, sequence, head
    n_sequences = scores.shape[2]
    spread = (
        scores.std(dim=2, correction=1)
        if n_sequences > 1
        else torch.full_like(scores[:, :, 0], torch.nan)
    )
    return RoleScores(
        mean=scores.mean(dim=2).numpy(),
        standard_error=(spread / n_sequences**0.5).numpy(),
        copy_length=copy_length,
        n_sequences=n_sequences,
    )
