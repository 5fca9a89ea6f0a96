"""The direct effect of ablating a head on the answer, and its effect through later components.

Total: the effect of the head's ablation. Direct: the ablation changes only the final residual
stream, at the answer's positions; everything else stays as in the clean run. It is measured with
the norms' scales frozen and with the norms recomputed. Downstream: total minus direct (recomputed).
For an early head nearly all of the total is downstream: this is mediation. It is called self-repair
only if later components compensate a direct effect (Wang et al. 2022, arXiv:2211.00593; Rushing and
Nanda 2024, arXiv:2402.15390).
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import Pass, passes
from core.circuits.logit_attribution import AnswerDirections
from core.circuits.residual_stream import ResidualStream, additive_stack, read_stream
from core.model.frozen_norms import frozen
from core.model.loaded import LoadedModel
from core.model.stack import Lens
from core.progress import run_to_end, within
from core.results.leading import NOTABLE_NATS
from core.spec.heads import Head
from core.sweep.prepare import Prepared
from core.sweep.scorer import Scorer
from core.sweep.scores import answer_logprob, log_probs
from core.text.jsonable import jsonable


class Mechanism(StrEnum):
    """How a head's effect reaches the answer, judged from its direct and its downstream effect."""

    SMALL = "small"
    DIRECT = "direct"
    LATER = "later components"
    REPAIRED = "self-repair"


@dataclass(frozen=True, eq=False)
class DirectEffect:
    """One head's total and direct effect on the answer: ablated minus clean, in nats.

    `metric` is "logit_diff_change" if there is a foil, else "logprob_change". `direct` is the
    direct effect with the final norm, and a norm after attention (Gemma 2), recomputed.
    `direct_frozen_norm` is the same with the scales of both frozen at the clean run's: for a logit
    difference without soft cap it equals the change of direct logit attribution. `later_heads` and
    `later_mlps` are the changes of the direct logit attribution of every later head and MLP, in
    logits, norms frozen at the clean run's scales. They are NaN for earlier layers; `later_heads`
    also for the head's own layer, `later_mlps` for it only in parallel blocks, whose MLP does not
    read the head.
    """

    head: Head
    metric: str
    total: float
    direct: float
    direct_frozen_norm: float
    later_heads: Float[np.ndarray, "layer head"]
    later_mlps: Float[np.ndarray, " layer"]

    @property
    def downstream(self) -> float:
        """The effect through later components: total minus direct."""
        return self.total - self.direct

    @property
    def norm_part(self) -> float:
        """The part of the direct effect that comes from the change of the norms' scales."""
        return self.direct - self.direct_frozen_norm

    @property
    def mechanism(self) -> Mechanism:
        """How the effect reaches the answer.

        Self-repair reduces a direct effect: |direct| and |downstream| are at least `NOTABLE_NATS`,
        their signs are opposite, and |total| is at most |direct|. The last condition matters
        because an early head on which nearly everything depends can also have opposite signs; its
        effect is mediated, not repaired.
        """
        if max(abs(self.total), abs(self.direct)) < NOTABLE_NATS:
            return Mechanism.SMALL
        parts = abs(self.direct), abs(self.downstream)
        opposite = min(parts) >= NOTABLE_NATS and self.direct * self.downstream < 0
        if opposite and abs(self.total) <= abs(self.direct):
            return Mechanism.REPAIRED
        return Mechanism.DIRECT if abs(self.direct) >= abs(self.downstream) else Mechanism.LATER

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: nats, but logits for later heads and MLPs."""
        return {
            "metric": self.metric,
            "total": self.total,
            "direct": self.direct,
            "direct_frozen_norm": self.direct_frozen_norm,
            "norm_part": self.norm_part,
            "downstream": self.downstream,
            "mechanism": self.mechanism.value,
            "later_heads": [[head.label, change] for head, change in self.most_changed(10)],
            "later_mlps": jsonable(self.later_mlps),
        }

    def most_changed(self, count: int = 5) -> list[tuple[Head, float]]:
        """The later heads with the largest change of direct logit attribution, largest first."""
        size = np.nan_to_num(np.abs(self.later_heads))
        order = np.argsort(-size, axis=None, kind="stable")[:count]
        heads = [Head(*map(int, np.unravel_index(i, size.shape))) for i in order]
        return [(head, float(self.later_heads[head])) for head in heads if size[head] > 0]


def direct_effect(scorer: Scorer, head: Head) -> DirectEffect:
    """`measure_direct_effect`, run to its end."""
    return run_to_end(measure_direct_effect(scorer, head))


def measure_direct_effect(scorer: Scorer, head: Head) -> Generator[float, None, DirectEffect]:
    """Measure a head's total and direct effect; yields the share done.

    Raises `UnavailableError` for a model whose residual stream is not the sum of its parts.
    """
    model, prepared = scorer.model, scorer.prepared
    additive_stack(model)
    replacements = yield from within(scorer.replacements(), 0.0, 0.3)
    yield 0.3
    effects: list[_PassEffects] = []
    all_passes = passes(prepared)
    for answer_pass in all_passes:
        done = 0.3 + 0.7 * len(effects) / len(all_passes)
        tokens = prepared.sequence(answer_pass.sequence)
        edit = replacements[answer_pass.sequence].edit(head)
        clean = read_stream(model, tokens)
        yield done
        ablated = read_stream(model, tokens, (edit,))
        yield done
        effects.append(_effects_of_pass(model, prepared, answer_pass, head.layer, clean, ablated))
    summed = effects[0]
    for other in effects[1:]:
        summed = _PassEffects(*(a + b for a, b in zip(summed, other, strict=True)))
    later, mlps = summed.later.copy(), summed.mlps.copy()
    later[: head.layer + 1] = np.nan
    parallel = additive_stack(model).blocks[head.layer].parallel
    mlps[: head.layer + parallel] = np.nan  # a parallel block's MLP does not read its heads
    clean_value, total, direct, frozen_direct = summed.values
    return DirectEffect(
        head=head,
        metric=scorer.metric,
        total=total - clean_value,
        direct=direct - clean_value,
        direct_frozen_norm=frozen_direct - clean_value,
        later_heads=later,
        later_mlps=mlps,
    )


class _PassEffects(NamedTuple):
    """What one pass measures.

    `values` are the answer's log prob (target minus foil) in four cases: clean; ablated; direct
    effect only; direct effect only with frozen norms. `later` (layer, head) and `mlps` (layer) are
    changes of direct logit attribution.
    """

    values: np.ndarray
    later: np.ndarray
    mlps: np.ndarray


@torch.inference_mode()
def _effects_of_pass(
    model: LoadedModel,
    prepared: Prepared,
    answer_pass: Pass,
    layer: int,
    clean: ResidualStream,
    ablated: ResidualStream,
) -> _PassEffects:
    stack = additive_stack(model)
    directions = AnswerDirections(model, prepared, answer_pass, clean)
    read, block = directions.read, stack.blocks[layer]
    # In the head's own layer the two runs differ in this head's z only.
    before, after = (stream.z[layer][read].flatten(-2) for stream in (clean, ablated))
    change = block.out(after) - block.out(before)
    final, norm = clean.final[read], stack.ending.norm
    frozen_change = _write_change_frozen_norm(block.lens, before, after)
    normed = norm(final) + frozen(norm, final)(frozen_change)
    logits = torch.stack(
        [
            stack.unembed(final[None])[0],
            stack.unembed(ablated.final[read][None])[0],
            stack.unembed((final + change)[None])[0],
            stack.ending.after_norm(normed[None])[0],
        ]
    )
    logp = log_probs(logits)
    answers = [sign * answer_logprob(logp, answer) for answer, sign in answer_pass.read]
    values = torch.stack(answers).sum(0)
    mlps = [
        directions.along(after[read] - before[read])
        for before, after in zip(clean.mlp, ablated.mlp, strict=True)
    ]
    later = directions.heads(ablated) - directions.heads(clean)
    return _PassEffects(values.cpu().numpy(), later, np.array(mlps))


def _write_change_frozen_norm(
    lens: Lens, before: Float[Tensor, "read z"], after: Float[Tensor, "read z"]
) -> Float[Tensor, "read d_model"]:
    """The change of what attention writes; a norm after it keeps its scale for `before`."""
    clean = lens.out(before)
    change: Tensor = frozen(lens.out_norm, clean)(lens.out(after) - clean)
    return change
