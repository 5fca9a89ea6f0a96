"""By which route a head acts: directly on the answer, or through what comes after it.

Total: the head's ablation. Direct: only the final residual stream loses what the head wrote at
the answer's positions, everything else as in the clean run; with the norms' scales held, and with
the norms computed again. Downstream: total minus direct. For an early head nearly all of the
total is downstream, and that is mediation; only where a direct effect is made up for by later
components is it called self-repair (Wang et al. 2022, arXiv:2211.00593; Rushing and Nanda 2024,
arXiv:2402.15390).
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
from core.circuits.residual_stream import Stream, read_stream, stack_of_sums
from core.model.frozen_norms import frozen
from core.model.loaded import LoadedModel
from core.model.stack import Lens
from core.progress import run_to_end, within
from core.results.findings import NOTABLE_NATS
from core.spec.heads import Head
from core.sweep.prepare import Prepared
from core.sweep.scorer import Scorer
from core.sweep.scores import answer_logprob, log_probs
from core.text.jsonable import jsonable


class Route(StrEnum):
    """How a head's effect reached the answer, as far as two numbers can say."""

    SMALL = "small"
    DIRECT = "direct"
    LATER = "later components"
    REPAIRED = "self-repair"


@dataclass(frozen=True, eq=False)
class DirectEffect:
    """One head's effect on the answer, by route: ablated minus clean, in nats.

    `metric` is "logit_diff_change" where there is a foil, else "logprob_change". `frozen` is the
    direct effect with the norms' scales held: the final one's, and that of a norm after attention
    (Gemma 2). In a logit difference, where logits have no soft cap, it equals the change of direct
    logit attribution. `direct` is with both norms computed again; the difference is the norms'
    part. `later` (layer, head) and `later_mlps` (layer) are how far every later part changed its
    own direct contribution to the answer, in logits, norms held at the clean run's scales; NaN up
    to the head's own layer, whose MLP comes after it except in parallel blocks.
    """

    head: Head
    metric: str
    total: float
    direct: float
    frozen: float
    later: Float[np.ndarray, "layer head"]
    later_mlps: Float[np.ndarray, " layer"]

    @property
    def downstream(self) -> float:
        """What the ablation did through later components."""
        return self.total - self.direct

    @property
    def norm_part(self) -> float:
        """What of the direct effect comes through the norms' scales."""
        return self.direct - self.frozen

    @property
    def route(self) -> Route:
        """The word for it.

        Repair takes away from a direct effect: both parts are worth a word, their signs opposite,
        and what is left is no more than the direct effect was. An early head on which nearly
        everything depends has opposite signs too, and is mediated, not repaired.
        """
        if max(abs(self.total), abs(self.direct)) < NOTABLE_NATS:
            return Route.SMALL
        parts = abs(self.direct), abs(self.downstream)
        opposite = min(parts) >= NOTABLE_NATS and self.direct * self.downstream < 0
        if opposite and abs(self.total) <= abs(self.direct):
            return Route.REPAIRED
        return Route.DIRECT if abs(self.direct) >= abs(self.downstream) else Route.LATER

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: nats, and logits for the later parts."""
        return {
            "metric": self.metric,
            "total": self.total,
            "direct": self.direct,
            "direct_frozen_norm": self.frozen,
            "norm_part": self.norm_part,
            "downstream": self.downstream,
            "route": self.route.value,
            "later_heads": [[head.label, change] for head, change in self.most_changed(10)],
            "later_mlps": jsonable(self.later_mlps),
        }

    def most_changed(self, count: int = 5) -> list[tuple[Head, float]]:
        """Later heads by how far their own contribution changed, the most first."""
        size = np.nan_to_num(np.abs(self.later))
        order = np.argsort(-size, axis=None, kind="stable")[:count]
        found = [Head(*map(int, np.unravel_index(i, size.shape))) for i in order]
        return [(head, float(self.later[head])) for head in found if size[head] > 0]


def direct_effect(scorer: Scorer, head: Head) -> DirectEffect:
    """`measure_direct_effect`, run to its end."""
    return run_to_end(measure_direct_effect(scorer, head))


def measure_direct_effect(scorer: Scorer, head: Head) -> Generator[float, None, DirectEffect]:
    """Measure a head's routes: yields the share done.

    Raises `UnavailableError` for a model that cannot be taken apart.
    """
    model, prepared = scorer.model, scorer.prepared
    stack_of_sums(model)
    replacements = yield from within(scorer.replacements(), 0.0, 0.3)
    yield 0.3
    found: list[_Found] = []
    all_passes = passes(prepared)
    for each in all_passes:
        done = 0.3 + 0.7 * len(found) / len(all_passes)
        tokens, edit = prepared.sequence(each.sequence), replacements[each.sequence].edit(head)
        clean = read_stream(model, tokens)
        yield done
        ablated = read_stream(model, tokens, (edit,))
        yield done
        found.append(_of_pass(model, prepared, each, head.layer, clean, ablated))
    joined = found[0]
    for other in found[1:]:
        joined = _Found(*(a + b for a, b in zip(joined, other, strict=True)))
    later, mlps = joined.later.copy(), joined.mlps.copy()
    later[: head.layer + 1] = np.nan
    parallel = stack_of_sums(model).blocks[head.layer].parallel
    mlps[: head.layer + parallel] = np.nan  # a parallel block's MLP does not read its heads
    clean, total, direct, held = joined.values
    return DirectEffect(
        head=head,
        metric=scorer.metric,
        total=total - clean,
        direct=direct - clean,
        frozen=held - clean,
        later=later,
        later_mlps=mlps,
    )


class _Found(NamedTuple):
    """One pass: the answer's value clean, ablated, with the direct route cut, and with it cut
    under held norms; and how far later parts changed what they add.
    """

    values: np.ndarray
    later: np.ndarray
    mlps: np.ndarray


@torch.inference_mode()
def _of_pass(
    model: LoadedModel, prepared: Prepared, of: Pass, layer: int, clean: Stream, ablated: Stream
) -> _Found:
    stack = stack_of_sums(model)
    reading = AnswerDirections(model, prepared, of, clean)
    read, block = reading.read, stack.blocks[layer]
    # Only what this head wrote, in the clean run: its layer's z differs in nothing else.
    before, after = (stream.z[layer][read].flatten(-2) for stream in (clean, ablated))
    lost = block.out(after) - block.out(before)
    final, norm = clean.final[read], stack.ending.norm
    held = norm(final) + frozen(norm, final)(_lost_under_held_norm(block.lens, before, after))
    logits = torch.stack(
        [
            stack.unembed(final[None])[0],
            stack.unembed(ablated.final[read][None])[0],
            stack.unembed((final + lost)[None])[0],
            stack.ending.after_norm(held[None])[0],
        ]
    )
    logp = log_probs(logits)
    values = torch.stack([sign * answer_logprob(logp, answer) for answer, sign in of.read]).sum(0)
    mlps = [
        reading.along(after[read] - before[read])
        for before, after in zip(clean.mlp, ablated.mlp, strict=True)
    ]
    return _Found(
        values.cpu().numpy(), reading.heads(ablated) - reading.heads(clean), np.array(mlps)
    )


def _lost_under_held_norm(
    lens: Lens, before: Float[Tensor, "read z"], after: Float[Tensor, "read z"]
) -> Float[Tensor, "read d_model"]:
    """What attention adds less of; a norm after it keeps the scale that `before` gives it."""
    clean = lens.out(before)
    lost: Tensor = frozen(lens.out_norm, clean)(lens.out(after) - clean)
    return lost
