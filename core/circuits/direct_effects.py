"""The direct effect of every head's ablation with the norms frozen, a layer at a time.

It is `DirectEffect.direct_frozen_norm` of `core.circuits.direct_effect`, in the leading metric. In
a head's own layer an ablated run differs from the clean one in that head's z only, so one clean
pass gives the whole model's: no ablated run is needed.
"""

from collections.abc import Generator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import Pass, passes
from core.circuits.residual_stream import ResidualStream, additive_stack, read_stream
from core.engine.edits import Edits
from core.model.frozen_norms import frozen
from core.model.loaded import LoadedModel
from core.model.stack import Block
from core.results.metrics import BY_FIELD
from core.spec.heads import Head
from core.sweep.replacements import Replacement
from core.sweep.scorer import Scorer


def measure_direct_effects(
    scorer: Scorer,
) -> Generator[float, None, Float[np.ndarray, "layer head"]]:
    """The direct effect of every head on the answer, in nats of the leading metric.

    Ablated minus clean; only the final residual stream changes, at the answer's positions. Yields
    the share done. Raises `UnavailableError` for a model whose residual stream is not the sum of
    its parts.
    """
    model, prepared = scorer.model, scorer.prepared
    stack = additive_stack(model)
    replacements = yield from scorer.replacements()
    streams = [
        (each, read_stream(model, prepared.sequence(each.sequence))) for each in passes(prepared)
    ]
    clean = scorer.scores_of({each.sequence: _clean(scorer, each, of) for each, of in streams})
    metric, rows = BY_FIELD[scorer.metric], []
    for layer in range(model.n_layers):
        logits = {
            each.sequence: _logits(scorer, each, stream, replacements[each.sequence], layer)
            for each, stream in streams
        }
        change = metric.change(scorer.scores_of(logits), clean)
        assert change is not None
        rows.append(change)
        yield (layer + 1) / len(stack.blocks)
    return np.stack(rows)


@torch.inference_mode()
def _clean(scorer: Scorer, of: Pass, stream: ResidualStream) -> Float[Tensor, "1 read vocab"]:
    at = stream.final[list(scorer.prepared.read(of.sequence))]
    return additive_stack(scorer.model).unembed(at[None])


@torch.inference_mode()
def _logits(
    scorer: Scorer, of: Pass, stream: ResidualStream, replacement: Replacement, layer: int
) -> Float[Tensor, "head read vocab"]:
    """The answer's logits where the final stream loses what each head of a layer loses."""
    model = scorer.model
    stack = additive_stack(model)
    read = list(scorer.prepared.read(of.sequence))
    before, after = _z(model, stream, replacement, layer)
    change = _write_change(stack.blocks[layer], before[read], after[:, read])
    final, norm = stream.final[read].float(), stack.ending.norm
    normed = norm(final) + frozen(norm, final)(change.float())
    logits: Tensor = stack.ending.after_norm(normed)
    return logits


def _z(
    model: LoadedModel, stream: ResidualStream, replacement: Replacement, layer: int
) -> tuple[Float[Tensor, "pos head d_head"], Float[Tensor, "row pos head d_head"]]:
    """The clean z of a layer, and one row a head in which that head's is replaced."""
    clean = stream.z[layer]
    edits = [(replacement.edit(Head(layer, head)),) for head in range(model.n_heads)]
    rows = clean.expand(model.n_heads, *clean.shape)
    return clean, Edits(edits, model.value_shift, len(clean)).apply(layer, rows)


def _write_change(
    block: Block,
    before: Float[Tensor, "read head d_head"],
    after: Float[Tensor, "row read head d_head"],
) -> Float[Tensor, "row read d_model"]:
    """The change of what attention writes; a norm after it keeps its scale for `before`."""
    lens = block.lens
    clean = lens.out(before.flatten(-2))
    change: Tensor = frozen(lens.out_norm, clean)(lens.out(after.flatten(-2)) - clean)
    return change
