"""Direct logit attribution: what each head and MLP adds directly to the leading metric.

It is the dot product of a part's write to the residual stream, after the final norm, with the
answer's direction (`core.circuits.answer_directions`). The norm's scale is frozen at that of the
clean run (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits"). It measures the
direct effect only: a head may also act through later components.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import (
    EVERY_OTHER,
    THE_FOIL,
    Pass,
    answer_directions,
    linear_reading,
    passes,
)
from core.circuits.residual_stream import ResidualStream, head_writes, read_stream
from core.model.frozen_norms import bias_of, frozen
from core.model.loaded import LoadedModel
from core.progress import run_to_end
from core.results.leading import leading
from core.results.metrics import LOGPROB
from core.sweep.prepare import Prepared
from core.sweep.scores import log_probs
from core.text.jsonable import jsonable


@dataclass(frozen=True, eq=False)
class LogitAttribution:
    """One metric of the clean run, split by head and MLP; all values in nats (logits).

    `metric` is what the parts add up to: "logit_diff", or "logodds" where there is no foil, or
    "logprob" for one answer of two. `against` says what the answer is held against. Parts are
    summed over the positions of a teacher-forced answer. The remainder `rest` is the part of the
    `biases`, of the `entropy` of answer sets and of the other tokens, of the `softcap` (capped
    minus uncapped: heads and MLPs are measured before it), and the `curve` of log odds of several
    tokens, which are linearised (see `core.circuits.answer_directions`).
    """

    metric: str
    heads: Float[np.ndarray, "layer head"]
    mlps: Float[np.ndarray, " layer"]
    embed: float
    biases: float
    entropy: float
    softcap: float
    curve: float
    against: str

    @property
    def rest(self) -> float:
        """What is no head's, no MLP's and not the embedding's."""
        return self.biases + self.entropy + self.softcap + self.curve

    @property
    def total(self) -> float:
        """The sum of all parts: the metric of the clean run."""
        return float(self.heads.sum() + self.mlps.sum()) + self.embed + self.rest

    def minus(self, other: "LogitAttribution") -> "LogitAttribution":
        """The attribution of a target's log prob minus that of a foil's: the logit difference."""
        return LogitAttribution(
            metric=leading(has_foil=True).name,
            heads=self.heads - other.heads,
            mlps=self.mlps - other.mlps,
            embed=self.embed - other.embed,
            biases=self.biases - other.biases,
            entropy=self.entropy - other.entropy,
            softcap=self.softcap - other.softcap,
            curve=self.curve - other.curve,
            against=THE_FOIL,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: nats; heads by layer, then by head."""
        named = ("biases", "entropy", "softcap", "curve")
        return {
            "metric": self.metric,
            "against": self.against,
            "total": self.total,
            "heads": jsonable(self.heads),
            "mlps": jsonable(self.mlps),
            "embed": self.embed,
            "rest": self.rest,
            "rest_parts": {name: getattr(self, name) for name in named},
        }


@dataclass(frozen=True, eq=False)
class AnswerAttribution:
    """Direct logit attribution of the clean run: to the target, the foil, and their difference.

    With a foil, `target` and `foil` split each answer's log prob (of different lengths: that of
    the token at which they part), and `difference` the logit difference, which is one minus the
    other. Without one, `foil` is None, and `target` and `difference` split the log odds.
    """

    target: LogitAttribution
    foil: LogitAttribution | None
    difference: LogitAttribution


def logit_attribution(model: LoadedModel, prepared: Prepared) -> LogitAttribution:
    """Direct logit attribution of the leading metric in the clean run.

    Raises `UnavailableError` for a model whose residual stream is not the sum of its parts.
    """
    return run_to_end(measure_logit_attribution(model, prepared)).difference


def measure_logit_attribution(
    model: LoadedModel, prepared: Prepared
) -> Generator[float, None, AnswerAttribution]:
    """`logit_attribution`, and that of each answer; yields the share done.

    A pass that both answers need is run once.
    """
    asked = passes(prepared)
    if prepared.foil is not None:  # each answer by itself
        asked = tuple(Pass(p.sequence, ((answer, 1),)) for p in asked for answer, _ in p.read)
    streams: dict[tuple[int, ...], ResidualStream] = {}
    found: list[LogitAttribution] = []
    for answer_pass in asked:
        tokens = prepared.sequence(answer_pass.sequence)
        ids = tuple(tokens.tolist())
        if ids not in streams:
            streams[ids] = read_stream(model, tokens)
            yield len(found) / len(asked)
        found.append(_attribution_of_pass(model, prepared, answer_pass, streams[ids]))
        yield len(found) / len(asked)
    target, foil = found[0], found[1] if len(found) > 1 else None
    return AnswerAttribution(target, foil, target if foil is None else target.minus(foil))


@torch.inference_mode()
def _attribution_of_pass(
    model: LoadedModel, prepared: Prepared, answer_pass: Pass, stream: ResidualStream
) -> LogitAttribution:
    answer = AnswerDirections(model, prepared, answer_pass, stream)
    heads, biases = answer.heads(stream), answer.biases
    for layer, block in enumerate(answer.stack.blocks):
        z = stream.z[layer][answer.read]
        attention_write = block.out(z.flatten(-2))
        biases += answer.along(attention_write) - float(heads[layer].sum())
    mlps = [answer.along(stream.mlp[layer][answer.read]) for layer in range(model.n_layers)]
    return LogitAttribution(
        metric=(leading(has_foil=False) if answer_pass.odds else LOGPROB).name,
        heads=heads,
        mlps=np.array(mlps),
        embed=answer.along(stream.embed[answer.read]),
        biases=biases,
        entropy=answer.reading.entropy,
        softcap=answer.softcap,
        curve=answer.reading.curve,
        against=EVERY_OTHER,
    )


class AnswerDirections:
    """The answer's directions in one pass, with the final norm's scale frozen at the clean run's.

    `read` are the positions at which the answer is predicted; `reading` is the metric as a linear
    function of the logits there. `biases` is the part of biases in it, `softcap` what the soft cap
    adds to it.
    """

    def __init__(
        self, model: LoadedModel, prepared: Prepared, of: Pass, clean: ResidualStream
    ) -> None:
        assert model.stack is not None
        self.stack, self._shift = model.stack, model.value_shift
        self.read = list(prepared.read(of.sequence))
        ending, at = self.stack.ending, clean.final[self.read].float()
        logits = ending.before_cap(ending.norm(at))
        capped = ending.cap(logits)
        self.reading = linear_reading(of, log_probs(capped[None])[0])
        self.softcap = float((self.reading.weights * (capped - logits)).sum())
        self._directions, self.biases = answer_directions(model, self.reading.weights)
        self._clean, self._norm = clean, frozen(ending.norm, at)
        bias = bias_of(ending.norm)
        if bias is not None:
            self.biases += float((self._directions @ bias.float()).sum())

    def along(self, part: Float[Tensor, "read d_model"]) -> float:
        """What a part of the residual stream at the positions `read` adds to the metric."""
        return float((self._norm(part.float()) * self._directions).sum())

    @torch.inference_mode()
    def heads(self, stream: ResidualStream) -> Float[np.ndarray, "layer head"]:
        """What every head of a pass adds to the metric; norms keep the clean scales."""
        contributions = []
        for layer, block in enumerate(self.stack.blocks):
            clean = self._clean.z[layer][self.read]
            z = stream.z[layer][self.read] - self._shift[layer].to(clean)
            writes = head_writes(block, clean, z).transpose(0, 1)  # head, read, d_model
            contributions.append((self._norm(writes.float()) * self._directions).sum((1, 2)))
        return torch.stack(contributions).double().cpu().numpy()
