"""What a later head reads where an earlier head is ablated on the edge between the two alone."""

import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.edge import Edge
from core.circuits.residual_stream import additive_stack
from core.engine import CleanStart
from core.engine.edits import Edits
from core.model.loaded import LoadedModel
from core.model.stack import finish_block
from core.spec.heads import Head
from core.sweep.replacements import Replacement


@torch.inference_mode()
def patched_streams(
    start: CleanStart, replacement: Replacement, senders: list[Head], layer: int, edge: Edge
) -> Float[Tensor, "sender pos d_model"]:
    """The residual stream before `layer`, as it is where one sender is ablated on `edge` alone.

    All senders are in one layer before `layer`; each is ablated alone.
    """
    model, clean, first = start.model, start.clean, senders[0].layer
    assert clean is not None
    blocks, z = additive_stack(model).blocks, clean.z[first]
    edits = Edits(
        [(replacement.edit(head),) for head in senders], model.value_shift, len(start.tokens)
    )
    ablated = edits.apply(first, z.expand(len(senders), -1, -1, -1))
    if edge is Edge.RESIDUAL:
        out = blocks[first].out
        change = out(ablated.flatten(-2)) - out(z.flatten(-2))
        return clean.resid_pre[layer] + change
    resid = finish_block(blocks[first], _rows(clean.resid_pre[first], ablated), ablated)
    for between in range(first + 1, layer):
        resid = finish_block(blocks[between], resid, _rows(clean.z[between], ablated))
    return resid


def edge_flops(model: LoadedModel, n_layers: int, n_pos: int, edge: Edge) -> float:
    """Floating-point operations of one sender's stream, at most, into layer `n_layers`."""
    if edge is Edge.RESIDUAL:
        return 0.0
    return 2.0 * model.n_block_params / model.n_layers * n_layers * n_pos


def _rows(of_clean: Tensor, rows: Tensor) -> Tensor:
    """What the clean run has, once for each of some rows."""
    return of_clean.expand(len(rows), *of_clean.shape[1:])
