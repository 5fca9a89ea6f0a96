"""Direct logit attribution: what each head and MLP adds directly to the answer's logit.

It is the dot product of a part's write to the residual stream, after the final norm, with the
answer's direction. The norm's scale is frozen at that of the clean run (Elhage et al. 2021, "A
Mathematical Framework for Transformer Circuits"). It measures the direct effect only: a head may
also act through later components.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import Pass, answer_directions, passes
from core.circuits.residual_stream import ResidualStream, head_writes, read_stream
from core.model.frozen_norms import bias_of, frozen
from core.model.loaded import LoadedModel
from core.progress import run_to_end
from core.sweep.prepare import Prepared


@dataclass(frozen=True, eq=False)
class LogitAttribution:
    """The answer's logit, split by head and MLP.

    The logit is target minus `against`: "the foil" or "the vocabulary's mean". Values are in
    logits, before a soft cap if the model has one, and summed over the positions of a
    teacher-forced answer. `rest` is the part of the biases.
    """

    heads: Float[np.ndarray, "layer head"]
    mlps: Float[np.ndarray, " layer"]
    embed: float
    rest: float
    against: str

    @property
    def total(self) -> float:
        """The sum of all parts, biases included: the same quantity from the model's own logits."""
        return float(self.heads.sum() + self.mlps.sum()) + self.embed + self.rest


def logit_attribution(model: LoadedModel, prepared: Prepared) -> LogitAttribution:
    """Direct logit attribution of the clean run.

    Raises `UnavailableError` for a model whose residual stream is not the sum of its parts.
    """
    return run_to_end(measure_logit_attribution(model, (prepared,)))[0]


def measure_logit_attribution(
    model: LoadedModel, answers: Sequence[Prepared]
) -> Generator[float, None, tuple[LogitAttribution, ...]]:
    """`logit_attribution` for several answers to one prompt; yields the share done.

    A pass that several answers need is run once.
    """
    streams: dict[tuple[int, ...], ResidualStream] = {}
    attributions: list[LogitAttribution] = []
    for prepared in answers:
        parts: list[_Parts] = []
        for answer_pass in passes(prepared):
            tokens = prepared.sequence(answer_pass.sequence)
            ids = tuple(tokens.tolist())
            if ids not in streams:
                streams[ids] = read_stream(model, tokens)
                yield len(attributions) / len(answers)
            parts.append(_parts_of_pass(model, prepared, answer_pass, streams[ids]))
        attributions.append(_sum_of_passes(model, prepared, parts))
        yield len(attributions) / len(answers)
    return tuple(attributions)


_Parts = tuple[np.ndarray, np.ndarray, float, float]
"""One pass's attribution: heads (layer, head), MLPs (layer), embedding, rest."""


def _sum_of_passes(model: LoadedModel, prepared: Prepared, parts: list[_Parts]) -> LogitAttribution:
    return LogitAttribution(
        heads=sum((heads for heads, *_ in parts), np.zeros((model.n_layers, model.n_heads))),
        mlps=sum((mlps for _, mlps, *_ in parts), np.zeros(model.n_layers)),
        embed=sum(embed for _, _, embed, _ in parts),
        rest=sum(rest for *_, rest in parts),
        against="the vocabulary's mean" if prepared.foil is None else "the foil",
    )


@torch.inference_mode()
def _parts_of_pass(
    model: LoadedModel, prepared: Prepared, answer_pass: Pass, stream: ResidualStream
) -> _Parts:
    answer = AnswerDirections(model, prepared, answer_pass, stream)
    heads, biases = answer.heads(stream), 0.0
    for layer, block in enumerate(answer.stack.blocks):
        z = stream.z[layer][answer.read]
        attention_write = block.out(z.flatten(-2))
        biases += answer.along(attention_write) - float(heads[layer].sum())
    mlps = [answer.along(stream.mlp[layer][answer.read]) for layer in range(model.n_layers)]
    embed = answer.along(stream.embed[answer.read])
    return heads, np.array(mlps), embed, biases + answer.constant


class AnswerDirections:
    """The answer's directions in one pass, with the final norm's scale frozen at the clean run's.

    `read` are the positions at which the answer is predicted; `constant` is the part of biases in
    its logit.
    """

    def __init__(
        self, model: LoadedModel, prepared: Prepared, of: Pass, clean: ResidualStream
    ) -> None:
        assert model.stack is not None
        self.stack, self._shift = model.stack, model.value_shift
        self.read = list(prepared.read(of.sequence))
        at = clean.final[self.read]
        logits = self.stack.unembed(at[None])[0]
        self._directions, self.constant = answer_directions(model, of, logits)
        self._clean, self._norm = clean, frozen(self.stack.ending.norm, at)
        bias = bias_of(self.stack.ending.norm)
        if bias is not None:
            self.constant += float((self._directions @ bias.float()).sum())

    def along(self, part: Float[Tensor, "read d_model"]) -> float:
        """What a part of the residual stream at the positions `read` adds to the answer's logit."""
        return float((self._norm(part).float() * self._directions).sum())

    @torch.inference_mode()
    def heads(self, stream: ResidualStream) -> Float[np.ndarray, "layer head"]:
        """What every head of a pass adds to the answer's logit; norms keep the clean scales."""
        contributions = []
        for layer, block in enumerate(self.stack.blocks):
            clean = self._clean.z[layer][self.read]
            z = stream.z[layer][self.read] - self._shift[layer].to(clean)
            writes = head_writes(block, clean, z).transpose(0, 1)  # head, read, d_model
            contributions.append((self._norm(writes).float() * self._directions).sum((1, 2)))
        return torch.stack(contributions).double().cpu().numpy()
