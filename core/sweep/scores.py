"""From logits to the numbers of one row: probability, log prob, log-odds, KL, rank, predictions.

All in natural logs. Logits are read in double precision, so that log-odds near certainty and
small KLs keep their digits.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.errors import ModelError
from core.prompts.tokens import TokenizedAnswer

TOP = 10
"""How many predictions are kept for each row."""

_AT_ONCE = 2**20
"""Logits scored together: in double precision they stay near the processor."""


@dataclass(frozen=True, eq=False)
class RowScores:
    """Metrics of a batch of rows; every array is (row,) unless said otherwise.

    `kl` is KL(clean || row) in nats, summed over the answer's positions. `rank` (from 1) and
    `top_ids`, `top_probs` (row, TOP) are those of the answer's first token; for an answer set,
    `rank` is that of its best member. `token_logprob` (row, token) has a column for each token
    of a teacher-forced answer. `foil_logprob` is None without a foil read in the same pass.
    """

    logprob: np.ndarray
    logodds: np.ndarray
    kl: np.ndarray
    rank: np.ndarray
    top_ids: np.ndarray
    top_probs: np.ndarray
    token_logprob: np.ndarray
    foil_logprob: np.ndarray | None = None


def log_probs(logits: Float[Tensor, "row read vocab"]) -> Float[Tensor, "row read vocab"]:
    """Log-softmax in double precision (single on devices that have no double).

    NaN anywhere is a `ModelError`: it would pass for a measured 0 further on.
    """
    wide = logits.float() if logits.device.type == "mps" else logits.double()
    found = wide.log_softmax(dim=-1)
    # One NaN, or an infinite logit, makes its whole row NaN: the first token tells.
    if found[..., 0].isnan().any():
        raise ModelError(
            "The model's output is not a number (NaN) here: try float32, or another model."
        )
    return found


def answer_logprob(
    logp: Float[Tensor, "row read vocab"], answer: TokenizedAnswer
) -> Float[Tensor, " row"]:
    """Log P(answer): summed over a sequence's tokens, or over a set's added probabilities."""
    if answer.is_set:
        members = [option[0] for option in answer.options]
        return logp[:, 0, members].logsumexp(dim=-1)
    return _token_logprobs(logp, answer).sum(dim=-1)


def score(
    logits: Float[Tensor, "row read vocab"],
    clean: Float[Tensor, "read vocab"],
    target: TokenizedAnswer,
    foil: TokenizedAnswer | None = None,
) -> RowScores:
    """Score rows against the clean run's log probs at the same (answer) positions.

    A `foil` must be read at the target's first position: a single token or a set of them.
    """
    size = max(1, _AT_ONCE // logits[0].numel())
    found = [_score(log_probs(rows), clean, target, foil) for rows in logits.split(size)]
    joined: dict[str, Any] = {
        field.name: _joined([getattr(part, field.name) for part in found])
        for field in fields(RowScores)
    }
    return RowScores(**joined)


def _score(
    logp: Float[Tensor, "row read vocab"],
    clean: Float[Tensor, "read vocab"],
    target: TokenizedAnswer,
    foil: TokenizedAnswer | None,
) -> RowScores:
    logprob = answer_logprob(logp, target)
    # log(1 - p), written with expm1 so that it keeps its digits where p is close to 1.
    rest = (-torch.expm1(logprob.clamp(max=0))).clamp(min=torch.finfo(logp.dtype).tiny).log()
    first = logp[:, 0]
    ids = [option[0] for option in target.options]
    best = first[:, ids].max(dim=-1, keepdim=True).values
    rank = (first > best).sum(dim=-1) + 1
    top = first.topk(min(TOP, first.shape[-1]), dim=-1)
    tokens = logprob[:, None] if target.is_set else _token_logprobs(logp, target)
    return RowScores(
        logprob=_numpy(logprob),
        logodds=_numpy(logprob - rest),
        kl=_numpy(_kl(logp, clean)),
        rank=_numpy(rank),
        top_ids=_numpy(top.indices),
        top_probs=_numpy(top.values.exp()),
        token_logprob=_numpy(tokens),
        foil_logprob=None if foil is None else _numpy(answer_logprob(logp, foil)),
    )


def _kl(
    logp: Float[Tensor, "row read vocab"], clean: Float[Tensor, "read vocab"]
) -> Float[Tensor, " row"]:
    """KL(clean || row), summed over positions."""
    prob = clean.exp()
    entropy = -(prob * clean).nan_to_num(0.0).sum()
    cross = -torch.einsum("rpv,pv->r", logp, prob)
    if cross.isnan().any():  # a token that is impossible in both runs: 0 times infinity
        cross = -(prob * logp).nan_to_num(0.0, neginf=-torch.inf).sum(dim=(-2, -1))
    return (cross - entropy).clamp(min=0)


def _joined(parts: list[np.ndarray | None]) -> np.ndarray | None:
    given = [part for part in parts if part is not None]
    return np.concatenate(given) if given else None


def _token_logprobs(
    logp: Float[Tensor, "row read vocab"], answer: TokenizedAnswer
) -> Float[Tensor, "row token"]:
    ids = torch.tensor(answer.sequence, device=logp.device)
    return logp[:, : len(ids)].gather(-1, ids.expand(len(logp), -1)[..., None])[..., 0]


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
