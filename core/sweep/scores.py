"""From logits to `RowScores`: log prob, log odds, margin, KL, entropy, rank and predictions.

All in natural logs. Logits are read in double precision, so that log-odds near certainty and
small KLs keep their digits.
"""

import math
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from core.errors import ModelError
from core.prompts.tokens import TokenizedAnswer
from core.results.scores import RowScores

TOP = 10
"""How many predictions are kept for each row."""

_AT_ONCE = 2**20
"""Logits scored together: in double precision they stay near the processor."""

_NEAR = 5.0
"""Log odds above which log p has lost digits of 1 - p: in single precision one in 1e-5."""

_ZERO = -1e4
"""A log prob that is none: its exponential is 0 in every precision."""


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
        return logp[:, answer.at, members].logsumexp(dim=-1)
    return _token_logprobs(logp, answer).sum(dim=-1)


def log_odds(
    logp: Float[Tensor, "row read vocab"], answer: TokenizedAnswer
) -> Float[Tensor, " row"]:
    """log(p / (1 - p)) of the answer in each row.

    log p alone has 1 - p to 1e-16 at best, which says nothing from 36 nats on. So where p is close
    to 1 it is the log sum of all the other tokens that is read, and the digits stay.
    """
    found = _odds_of(answer_logprob(logp, answer))
    near = found > _NEAR
    if near.any():
        found[near] = _odds_by_rivals(logp[near], answer)
    return found


def _odds_of(logprob: Float[Tensor, " row"]) -> Float[Tensor, " row"]:
    """From log p; expm1 keeps the digits of 1 - p that log p has."""
    others = -torch.expm1(logprob.clamp(max=0))
    return logprob - others.clamp(min=torch.finfo(logprob.dtype).tiny).log()


def _odds_by_rivals(
    logp: Float[Tensor, "row read vocab"], answer: TokenizedAnswer
) -> Float[Tensor, " row"]:
    """From what is left to the other tokens, at each of the answer's positions."""
    least = math.log(torch.finfo(logp.dtype).tiny)
    if answer.is_set:
        members = [option[0] for option in answer.options]
        rivals = logp[:, answer.at].clone()
        rivals[:, members] = -torch.inf
        return answer_logprob(logp, answer) - rivals.logsumexp(dim=-1).clamp(min=least)
    ids = torch.tensor(answer.sequence, device=logp.device)[None, :, None]
    read = logp[:, answer.at : answer.at + ids.shape[1]]
    rivals = read.scatter(-1, ids.expand(len(read), -1, -1), -torch.inf)
    each = _token_logprobs(logp, answer) - rivals.logsumexp(dim=-1).clamp(min=least)
    if each.shape[1] == 1:
        return each[:, 0]
    return _odds_of(functional.logsigmoid(each).sum(dim=-1))


def margin(
    first: Float[Tensor, "row vocab"], answer: TokenizedAnswer
) -> Float[Tensor, " row"] | None:
    """Log prob of the answer minus that of the likeliest other token, in each row.

    `first` are the log probs where the answer's first token is read, and that token alone counts
    of several; a set's probabilities are added. An impossible rival counts as the least positive
    number there is, as in the log odds. None where an answer set leaves no token out.
    """
    ids = torch.tensor(sorted({option[0] for option in answer.options}), device=first.device)
    if len(ids) == first.shape[-1]:
        return None
    best = first.topk(len(ids) + 1, dim=-1)  # one of them at least is not the answer
    others = best.values.masked_fill(torch.isin(best.indices, ids), -torch.inf).amax(dim=-1)
    least = math.log(torch.finfo(first.dtype).tiny)
    return first[:, ids].logsumexp(dim=-1) - others.clamp(min=least)


def entropy(first: Float[Tensor, "row vocab"]) -> Float[Tensor, " row"]:
    """-sum p log p of each row's next token; an impossible one adds nothing."""
    # The exponential of anything below is 0: without -inf neither this nor its slope is NaN.
    return 0.0 - (first.exp() * first.clamp(min=_ZERO)).sum(dim=-1)


def score(
    logits: Float[Tensor, "row read vocab"],
    clean: Float[Tensor, "read vocab"],
    target: TokenizedAnswer,
    compared: tuple[TokenizedAnswer, TokenizedAnswer] | None = None,
) -> RowScores:
    """Score rows against the clean run's log probs at the same (answer) positions.

    `compared` are what is read of target and foil in this pass: see `Prepared.compared`.
    """
    size = max(1, _AT_ONCE // logits[0].numel())
    found = [_score(log_probs(rows), clean, target, compared) for rows in logits.split(size)]
    joined: dict[str, Any] = {
        field.name: _joined([getattr(part, field.name) for part in found])
        for field in fields(RowScores)
    }
    return RowScores(**joined)


def _score(
    logp: Float[Tensor, "row read vocab"],
    clean: Float[Tensor, "read vocab"],
    target: TokenizedAnswer,
    compared: tuple[TokenizedAnswer, TokenizedAnswer] | None,
) -> RowScores:
    logprob = answer_logprob(logp, target)
    first = logp[:, 0]
    ids = [option[0] for option in target.options]
    best = first[:, ids].max(dim=-1, keepdim=True).values
    rank = (first > best).sum(dim=-1) + 1
    top = first.topk(min(TOP, first.shape[-1]), dim=-1)
    lead = margin(first, target)
    tokens = logprob[:, None] if target.is_set else _token_logprobs(logp, target)
    return RowScores(
        logprob=_numpy(logprob),
        logodds=_numpy(log_odds(logp, target)),
        kl=_numpy(_kl(logp, clean)),
        entropy=_numpy(entropy(first)),
        rank=_numpy(rank),
        top_ids=_numpy(top.indices),
        top_probs=_numpy(top.values.exp()),
        token_logprob=_numpy(tokens),
        margin=None if lead is None else _numpy(lead),
        **_compared(logp, target, compared),
    )


def _compared(
    logp: Float[Tensor, "row read vocab"],
    target: TokenizedAnswer,
    compared: tuple[TokenizedAnswer, TokenizedAnswer] | None,
) -> dict[str, np.ndarray]:
    """The log probs that the logit difference needs beside the target's own."""
    if compared is None:
        return {}
    part, foil = compared
    found = {"foil_logprob": _numpy(answer_logprob(logp, foil))}
    if part != target:
        found["part_logprob"] = _numpy(answer_logprob(logp, part))
    return found


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
    read = logp[:, answer.at : answer.at + len(ids)]
    return read.gather(-1, ids.expand(len(logp), -1)[..., None])[..., 0]


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
