"""The direct effect of ablating a head on the answer, and what comes to it on the way.

Total: the effect of the head's ablation on the leading metric. Direct: the ablation changes only
the final residual stream, at the answer's positions; everything else stays as in the clean run. It
is measured with the norms' scales frozen and with the norms recomputed. Downstream: total minus
direct (recomputed).

What comes to the direct effect is counted as Rushing and Nanda count self-repair (2024,
arXiv:2402.15390): total minus direct (frozen). It comes from the final norm's scale, from later
heads and from later MLPs. The same number is mediation if the head acts through later components,
as early heads do: the two cannot be told apart by it. So the word is said only where something was
lost directly, what follows gave part of it back, and the answer was kept, in the last third of
the layers (Wang et al. 2022, arXiv:2211.00593, found backup heads there).
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import Pass, passes
from core.circuits.logit_attribution import AnswerDirections
from core.circuits.mechanism import (
    COMPENSATED,
    KEPT,
    Carrier,
    Mechanism,
    carriers,
    mechanism_of,
)
from core.circuits.residual_stream import ResidualStream, additive_stack, read_stream
from core.model.frozen_norms import frozen
from core.model.loaded import LoadedModel
from core.model.stack import Lens
from core.progress import run_to_end, within
from core.spec.heads import Head
from core.sweep.prepare import Prepared
from core.sweep.scorer import Scorer
from core.sweep.scores import answer_logprob, log_odds, log_probs
from core.text.jsonable import jsonable


@dataclass(frozen=True, eq=False)
class DirectEffect:
    """One head's total and direct effect on the answer: ablated minus clean, in nats.

    `metric` is the field of the leading metric: "logit_diff_change" if there is a foil, else
    "logodds_change". `direct` is the direct effect with the final norm, and a norm after attention
    (Gemma 2), recomputed. `direct_frozen_norm` is the same with the scales of both frozen at the
    clean run's: for a logit difference without soft cap it equals the change of direct logit
    attribution. `final_norm` is the part of the total that comes from the change of the final
    norm's scale. `later_heads` and `later_mlps` are the changes of the direct logit attribution of
    every later head and MLP, norms frozen at the clean run's scales. They are NaN for earlier
    layers; `later_heads` also for the head's own layer, `later_mlps` for it only in parallel
    blocks, whose MLP does not read the head. `prob` and `prob_after` are the target's probability
    in the clean and in the ablated run, as fractions.
    """

    head: Head
    metric: str
    total: float
    direct: float
    direct_frozen_norm: float
    final_norm: float
    later_heads: Float[np.ndarray, "layer head"]
    later_mlps: Float[np.ndarray, " layer"]
    prob: float
    prob_after: float

    @property
    def repair(self) -> float:
        """What comes to the direct effect, norms frozen: self-repair, or else mediation."""
        return self.total - self.direct_frozen_norm

    @property
    def parts(self) -> dict[str, float]:
        """`repair` by where it comes from.

        `left` is what is not linear: the curve of log odds, of an answer set or of a soft cap, and
        the norms after attention and MLPs of Gemma 2.
        """
        found = {
            "final_norm": self.final_norm,
            "later_heads": float(np.nansum(self.later_heads)),
            "later_mlps": float(np.nansum(self.later_mlps)),
        }
        return {**found, "left": self.repair - sum(found.values())}

    @property
    def carried(self) -> dict[Carrier, float]:
        """The total by what carries it: see `carriers`."""
        return carriers(self.direct_frozen_norm, self.parts)

    @property
    def in_last_third(self) -> bool:
        """Whether the head is in the last third of the model's layers, or in the last one."""
        n_layers = len(self.later_mlps)
        return 3 * self.head.layer >= 2 * n_layers or self.head.layer == n_layers - 1

    @property
    def keeps_answer(self) -> bool:
        """Whether the target keeps half of its probability or more."""
        return self.prob_after >= KEPT * self.prob

    @property
    def compensated(self) -> bool:
        """Whether what comes to the direct effect goes against it and leaves less of it."""
        return self.mechanism in COMPENSATED

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
        """How the effect reaches the answer: see `mechanism_of`."""
        return mechanism_of(
            self.carried, in_last_third=self.in_last_third, keeps_answer=self.keeps_answer
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: nats; the probabilities are fractions."""
        return {
            "metric": self.metric,
            "prob": self.prob,
            "prob_after": self.prob_after,
            "total": self.total,
            "direct": self.direct,
            "direct_frozen_norm": self.direct_frozen_norm,
            "norm_part": self.norm_part,
            "downstream": self.downstream,
            "beyond_direct": {"total": self.repair, **self.parts},
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
    clean_value, total, direct, frozen_direct, frozen_total = summed.values.tolist()
    prob, prob_after = np.exp(summed.target).tolist()
    return DirectEffect(
        head=head,
        metric=scorer.metric,
        total=total - clean_value,
        direct=direct - clean_value,
        direct_frozen_norm=frozen_direct - clean_value,
        final_norm=total - frozen_total,
        later_heads=later,
        later_mlps=mlps,
        prob=prob,
        prob_after=prob_after,
    )


class _PassEffects(NamedTuple):
    """What one pass measures.

    `values` are the leading metric, or this pass's part of a logit difference, in five cases:
    clean; ablated; direct effect only; direct effect only with frozen norms; ablated with the final
    norm frozen. `target` is the target's log prob in the first two, 0 in the pass of a foil.
    `later` (layer, head) and `mlps` (layer) are changes of direct logit attribution.
    """

    values: np.ndarray
    target: np.ndarray
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
    frozen_change = _write_change_frozen_norm(block.lens, before, after)
    ending = stack.ending
    final, final_ablated = (stream.final[read].float() for stream in (clean, ablated))
    normed, held = ending.norm(final), frozen(ending.norm, final)
    cases = [
        normed,
        ending.norm(final_ablated),
        ending.norm(final + change.float()),
        normed + held(frozen_change.float()),
        normed + held(final_ablated - final),
    ]
    logp = log_probs(ending.after_norm(torch.stack(cases)))
    if answer_pass.odds:
        ((answer, _),) = answer_pass.read
        values = log_odds(logp, answer)
    else:
        answers = [sign * answer_logprob(logp, answer) for answer, sign in answer_pass.read]
        values = torch.stack(answers).sum(0)
    target = answer_logprob(logp[:2], prepared.target)
    if answer_pass.sequence != prepared.target:
        target = torch.zeros_like(target)
    mlps = [
        directions.along(after[read] - before[read])
        for before, after in zip(clean.mlp, ablated.mlp, strict=True)
    ]
    later = directions.heads(ablated) - directions.heads(clean)
    return _PassEffects(values.cpu().numpy(), target.cpu().numpy(), later, np.array(mlps))


def _write_change_frozen_norm(
    lens: Lens, before: Float[Tensor, "read z"], after: Float[Tensor, "read z"]
) -> Float[Tensor, "read d_model"]:
    """The change of what attention writes; a norm after it keeps its scale for `before`."""
    clean = lens.out(before)
    change: Tensor = frozen(lens.out_norm, clean)(lens.out(after) - clean)
    return change
