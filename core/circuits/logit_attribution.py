"""Direct logit attribution: what every part of the model adds to the answer by itself.

A part's write to the residual stream, through the final norm with its scale held at the clean
run's, along the answer's direction (Elhage et al. 2021, "A Mathematical Framework for Transformer
Circuits"). It says what reaches the answer directly, not what the answer needs: a head may also
act through later ones.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import Pass, directions, passes
from core.circuits.residual_stream import Stream, read_stream, written
from core.model.frozen_norms import bias_of, frozen
from core.model.loaded import LoadedModel
from core.progress import run_to_end
from core.sweep.prepare import Prepared


@dataclass(frozen=True, eq=False)
class LogitAttribution:
    """The logit difference (or, without a foil, the logit above the vocabulary's mean), by parts.

    In logits, before a soft cap where the model has one, summed over a teacher-forced answer's
    positions. `rest` are biases: `total` is the sum of everything else and it. `against` says what
    the answer is read against: "the foil" or "the vocabulary's mean".
    """

    heads: Float[np.ndarray, "layer head"]
    mlps: Float[np.ndarray, " layer"]
    embed: float
    rest: float
    against: str

    @property
    def total(self) -> float:
        """What the parts add up to: the model's own logits."""
        return float(self.heads.sum() + self.mlps.sum()) + self.embed + self.rest


def logit_attribution(model: LoadedModel, prepared: Prepared) -> LogitAttribution:
    """Take the clean run's answer apart; raises `UnavailableError` for a model that cannot be."""
    return run_to_end(measure_logit_attribution(model, (prepared,)))[0]


def measure_logit_attribution(
    model: LoadedModel, answers: Sequence[Prepared]
) -> Generator[float, None, tuple[LogitAttribution, ...]]:
    """`logit_attribution` for several answers to one prompt: yields the share done.

    A pass that several of them read is run once.
    """
    streams: dict[tuple[int, ...], Stream] = {}
    found: list[LogitAttribution] = []
    for prepared in answers:
        parts: list[_Parts] = []
        for each in passes(prepared):
            tokens = prepared.sequence(each.sequence)
            ids = tuple(tokens.tolist())
            if ids not in streams:
                streams[ids] = read_stream(model, tokens)
                yield len(found) / len(answers)
            parts.append(_of_pass(model, prepared, each, streams[ids]))
        found.append(_added(model, prepared, parts))
        yield len(found) / len(answers)
    return tuple(found)


_Parts = tuple[np.ndarray, np.ndarray, float, float]
"""Of one pass: heads, MLPs, embedding, rest."""


def _added(model: LoadedModel, prepared: Prepared, found: list[_Parts]) -> LogitAttribution:
    return LogitAttribution(
        heads=sum((heads for heads, *_ in found), np.zeros((model.n_layers, model.n_heads))),
        mlps=sum((mlps for _, mlps, *_ in found), np.zeros(model.n_layers)),
        embed=sum(embed for _, _, embed, _ in found),
        rest=sum(rest for *_, rest in found),
        against="the vocabulary's mean" if prepared.foil is None else "the foil",
    )


@torch.inference_mode()
def _of_pass(model: LoadedModel, prepared: Prepared, of: Pass, stream: Stream) -> _Parts:
    reading = AnswerDirections(model, prepared, of, stream)
    heads, biases = reading.heads(stream), 0.0
    for layer, block in enumerate(reading.stack.blocks):
        z = stream.z[layer][reading.read]
        whole = block.out(z.flatten(-2))
        biases += reading.along(whole) - float(heads[layer].sum())
    mlps = [reading.along(stream.mlp[layer][reading.read]) for layer in range(model.n_layers)]
    embed = reading.along(stream.embed[reading.read])
    return heads, np.array(mlps), embed, biases + reading.constant


class AnswerDirections:
    """The answer's directions in one pass, through the final norm as the clean run leaves it."""

    def __init__(self, model: LoadedModel, prepared: Prepared, of: Pass, clean: Stream) -> None:
        assert model.stack is not None
        self.stack, self._shift = model.stack, model.value_shift
        self.read = list(prepared.read(of.sequence))
        at = clean.final[self.read]
        logits = self.stack.unembed(at[None])[0]
        self._directions, self.constant = directions(model, of, logits)
        self._clean, self._norm = clean, frozen(self.stack.ending.norm, at)
        bias = bias_of(self.stack.ending.norm)
        if bias is not None:
            self.constant += float((self._directions @ bias.float()).sum())

    def along(self, part: Float[Tensor, "read d_model"]) -> float:
        """What a part of the stream at the positions read adds to the answer, in logits."""
        return float((self._norm(part).float() * self._directions).sum())

    @torch.inference_mode()
    def heads(self, stream: Stream) -> Float[np.ndarray, "layer head"]:
        """What every head of a pass adds; norms keep the clean run's scales."""
        found = []
        for layer, block in enumerate(self.stack.blocks):
            clean = self._clean.z[layer][self.read]
            own = stream.z[layer][self.read] - self._shift[layer].to(clean)
            parts = written(block, clean, own).transpose(0, 1)  # head, read, d_model
            found.append((self._norm(parts).float() * self._directions).sum((1, 2)))
        return torch.stack(found).double().cpu().numpy()
