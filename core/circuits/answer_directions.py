"""The answer as directions in the residual stream, and the passes in which it is read.

A direction is dotted with what the final norm leaves of a part of the stream. The logit of an
answer is read against the vocabulary's mean, since a logit alone has no zero; with a foil in the
same pass that mean cancels.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from core.model.loaded import LoadedModel
from core.model.products import weight_of
from core.prompts.tokens import TokenizedAnswer
from core.sweep.prepare import Prepared


@dataclass(frozen=True)
class Pass:
    """A run of the prompt with `sequence` teacher-forced, and what is read in it, with its sign:
    +1 for the target, -1 for the foil.
    """

    sequence: TokenizedAnswer
    read: tuple[tuple[TokenizedAnswer, int], ...]


def passes(prepared: Prepared) -> tuple[Pass, ...]:
    """One, or two where the foil is several tokens long."""
    target, foil = prepared.target, prepared.foil
    if foil is None:
        return (Pass(target, ((target, 1),)),)
    if prepared.foil_in_same_pass:
        return (Pass(target, ((target, 1), (foil, -1))),)
    return (Pass(target, ((target, 1),)), Pass(foil, ((foil, -1),)))


@torch.inference_mode()
def directions(
    model: LoadedModel, of: Pass, logits: Float[Tensor, "read vocab"]
) -> tuple[Float[Tensor, "read d_model"], float]:
    """The directions of a pass at the positions read, and what the unembedding's bias adds.

    An answer set's probabilities are added, so its direction is its members' mean, each weighted
    by its share of the set in the clean `logits`: right to first order.
    """
    assert model.stack is not None
    *before, last = model.stack.ending.parts
    unembedding, bias = weight_of(last), last.bias
    weights = torch.zeros(len(logits), unembedding.shape[0], device=logits.device)
    for answer, sign in of.read:
        if answer.is_set:
            ids = [option[0] for option in answer.options]
            weights[0, ids] += sign * logits[0, ids].float().softmax(-1)
            weights[0] -= sign / weights.shape[1]
        else:
            for position, token in enumerate(answer.sequence):
                weights[position, token] += sign
                weights[position] -= sign / weights.shape[1]
    found = weights @ unembedding.float()
    constant = 0.0 if bias is None else float((weights @ bias.float()).sum())
    for part in reversed(before):
        if part.bias is not None:
            constant += float((found @ part.bias.float()).sum())
        found = found @ weight_of(part).float()
    return found, constant
