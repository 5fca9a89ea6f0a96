"""The answer as directions in the residual stream, and the forward passes in which it is read.

The dot product of a direction with a part of the stream, after the final norm, is that part's
logit. The logit of an answer is relative to the vocabulary's mean logit, because logits have no
absolute zero. With a foil in the same pass this mean cancels.
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
    """One forward pass: the prompt with `sequence` teacher-forced.

    `read` are the answers whose logits are read in it, each with its sign: +1 for the target, -1
    for the foil; where both are of different lengths, the tokens at which they part.
    """

    sequence: TokenizedAnswer
    read: tuple[tuple[TokenizedAnswer, int], ...]


def passes(prepared: Prepared) -> tuple[Pass, ...]:
    """The passes that an answer needs: one, or two if the foil needs a pass of its own."""
    target, foil = prepared.target, prepared.foil
    if foil is None:
        return (Pass(target, ((target, 1),)),)
    if prepared.compared is not None:
        part, other = prepared.compared
        return (Pass(target, ((part, 1), (other, -1))),)
    return (Pass(target, ((target, 1),)), Pass(foil, ((foil, -1),)))


@torch.inference_mode()
def answer_directions(
    model: LoadedModel, of: Pass, logits: Float[Tensor, "read vocab"]
) -> tuple[Float[Tensor, "read d_model"], float]:
    """The answer's direction at each position read in a pass, and the part of biases in its logit.

    The direction of an answer set is the weighted mean of its tokens' directions. The weights are
    the tokens' shares of the set's probability in the clean `logits`, because the probabilities of
    a set are added; this is exact to first order.
    """
    assert model.stack is not None
    *before, last = model.stack.ending.parts
    unembedding, bias = weight_of(last), last.bias
    weights = torch.zeros(len(logits), unembedding.shape[0], device=logits.device)
    for answer, sign in of.read:
        if answer.is_set:
            ids = [option[0] for option in answer.options]
            weights[answer.at, ids] += sign * logits[answer.at, ids].float().softmax(-1)
            weights[answer.at] -= sign / weights.shape[1]
        else:
            for position, token in enumerate(answer.sequence, answer.at):
                weights[position, token] += sign
                weights[position] -= sign / weights.shape[1]
    vectors = weights @ unembedding.float()
    constant = 0.0 if bias is None else float((weights @ bias.float()).sum())
    for part in reversed(before):
        if part.bias is not None:
            constant += float((vectors @ part.bias.float()).sum())
        vectors = vectors @ weight_of(part).float()
    return vectors, constant
