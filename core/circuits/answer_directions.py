"""The answer's metric as directions in the residual stream, and the passes in which it is read.

The dot product of a direction with a part of the stream, after the final norm, is what that part
adds directly to the metric. The leading metric is made of log-sum-exps of logits, and each is a
weighted sum of logits plus an entropy: log sum exp(l_v) = sum w_v l_v + H(w), where w_v is a
token's share of the set's probability in the clean run and H(w) = -sum w_v log w_v. The weights
are the slopes too. So the directions are sums of unembedding vectors:

- Against a foil, logit difference = log prob of the target minus that of the foil. One answer's
  log prob at a position is l_t - sum p_v l_v - H(p), p the prediction; where both answers are read
  at one position, p cancels and W_U[target] - W_U[foil] is left.
- Without a foil, every other token is the foil, as a set: log odds = l_t - sum w_v l_v - H(w), w
  the prediction among the other tokens.
- An answer set takes the place of t with its own weights, and adds its own entropy.
- The log odds of several tokens are no sum over positions. They are linearised: each token's own
  log odds o_r count with the slope (1 - p_r) / (1 - P), P the product of all p_r. This is the slope
  1 / (1 - P) of the log odds on the sum of the log probs, each log prob along l_t - sum p_v l_v
  over the whole vocabulary. What is left of the metric is kept apart.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from core.model.loaded import LoadedModel
from core.model.products import weight_of
from core.prompts.tokens import TokenizedAnswer
from core.sweep.prepare import Prepared

THE_FOIL, EVERY_OTHER = "the foil", "every other token"
"""What the target is held against, in words."""


@dataclass(frozen=True)
class Pass:
    """One forward pass: the prompt with `sequence` teacher-forced.

    `read` are the answers whose log probs are read in it, each with its sign: +1 for the target,
    -1 for the foil; where both are of different lengths, the tokens at which they part. If `odds`,
    the log odds of the only answer are read instead.
    """

    sequence: TokenizedAnswer
    read: tuple[tuple[TokenizedAnswer, int], ...]
    odds: bool = False


@dataclass(frozen=True, eq=False)
class LinearReading:
    """The metric of a pass: sum(weights * logits) + entropy + curve, exact in the clean run.

    `curve` is what the linearised log odds of several tokens leave; else 0.
    """

    weights: Float[Tensor, "read vocab"]
    entropy: float
    curve: float


def passes(prepared: Prepared) -> tuple[Pass, ...]:
    """The passes that the leading metric needs: one, or two if the foil needs one of its own."""
    target, foil = prepared.target, prepared.foil
    if foil is None:
        return (Pass(target, ((target, 1),), odds=True),)
    if prepared.compared is not None:
        part, other = prepared.compared
        return (Pass(target, ((part, 1), (other, -1))),)
    return (Pass(target, ((target, 1),)), Pass(foil, ((foil, -1),)))


def linear_reading(of: Pass, logp: Float[Tensor, "read vocab"]) -> LinearReading:
    """The metric of a pass as a linear function of its logits; `logp` are the clean log probs."""
    if of.odds:
        ((answer, _),) = of.read
        return _log_odds(logp, _members(answer, logp))
    weights, entropy = torch.zeros_like(logp), 0.0
    for answer, sign in of.read:
        members = _members(answer, logp)
        at = slice(answer.at, answer.at + len(members))
        own, every = _shares(logp[at], members), logp[at].exp()
        weights[at] += sign * (own - every)
        entropy += sign * float((_entropy(own) - _entropy(every)).sum())
    return LinearReading(weights, entropy, 0.0)


def _log_odds(
    logp: Float[Tensor, "read vocab"], members: Bool[Tensor, "read vocab"]
) -> LinearReading:
    least = math.log(torch.finfo(logp.dtype).tiny)
    own, others = _shares(logp, members), _shares(logp, ~members)
    at = _log_sum(logp, members) - _log_sum(logp, ~members)  # each token's own log odds
    at = at.clamp(min=least, max=-least)
    log_prob = functional.logsigmoid(at).sum()
    log_not = (-torch.expm1(log_prob)).log()
    slopes = (functional.logsigmoid(-at) - log_not).exp()
    return LinearReading(
        slopes[:, None] * (own - others),
        float((slopes * (_entropy(own) - _entropy(others))).sum()),
        float(log_prob - log_not - (slopes * at).sum()),
    )


def _members(
    answer: TokenizedAnswer, logp: Float[Tensor, "read vocab"]
) -> Bool[Tensor, "token vocab"]:
    """Which tokens are the answer at each of its positions."""
    if answer.is_set:
        ids = torch.tensor([[option[0] for option in answer.options]], device=logp.device)
    else:
        ids = torch.tensor(answer.sequence, device=logp.device)[:, None]
    none = torch.zeros_like(logp[: len(ids)], dtype=torch.bool)
    members: Tensor = none.scatter(1, ids, value=True)
    return members


def _log_sum(
    logp: Float[Tensor, "token vocab"], members: Bool[Tensor, "token vocab"]
) -> Float[Tensor, " token"]:
    return logp.masked_fill(~members, -torch.inf).logsumexp(-1)


def _shares(
    logp: Float[Tensor, "token vocab"], members: Bool[Tensor, "token vocab"]
) -> Float[Tensor, "token vocab"]:
    """Each member's share of the probability of all members; 0 for the others."""
    return logp.masked_fill(~members, -torch.inf).softmax(-1).nan_to_num(0.0)  # no member: 0


def _entropy(shares: Float[Tensor, "token vocab"]) -> Float[Tensor, " token"]:
    found: Tensor = torch.special.entr(shares).sum(-1)
    return found


@torch.inference_mode()
def answer_directions(
    model: LoadedModel, weights: Float[Tensor, "read vocab"]
) -> tuple[Float[Tensor, "read d_model"], float]:
    """The direction, at each position read, of a weighted sum of logits; and its part of biases.

    The bias of the final norm is not in it, nor a soft cap.
    """
    assert model.stack is not None
    *before, last = model.stack.ending.parts
    weights = weights.float()
    vectors = weights @ weight_of(last).float()
    constant = 0.0 if last.bias is None else float((weights @ last.bias.float()).sum())
    for part in reversed(before):
        if part.bias is not None:
            constant += float((vectors @ part.bias.float()).sum())
        vectors = vectors @ weight_of(part).float()
    return vectors, constant
