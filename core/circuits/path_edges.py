"""What a later head reads where an earlier head is ablated on the path between the two alone.

Which path that is must be said: two edges are in use, and they rank senders differently.
"""

from enum import StrEnum

import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.residual_stream import additive_stack
from core.engine import CleanStart
from core.engine.edits import Edits
from core.model.loaded import LoadedModel
from core.model.stack import finish_block
from core.spec.heads import Head
from core.sweep.replacements import Replacement


class Edge(StrEnum):
    """What of the way from a sender to a receiver is patched."""

    RESIDUAL = "residual"
    """The residual stream only: every head and every MLP between the two stays as in the clean run
    (ACDC: Conmy et al. 2023, arXiv:2304.14997; Goldowsky-Dill et al. 2023, arXiv:2304.05969).
    """
    MLPS = "mlps"
    """The MLPs between the two are recomputed, the heads stay as in the clean run (path patching of
    the IOI paper: Wang et al. 2022, arXiv:2211.00593).
    """

    @property
    def label(self) -> str:
        """Its name, in a few words."""
        return "residual stream only" if self is Edge.RESIDUAL else "through the MLPs too"

    @property
    def between(self) -> str:
        """What is done with everything between the two heads, as a part of a sentence."""
        if self is Edge.RESIDUAL:
            return "heads and MLPs between the two as they were (the residual edge)"
        return "heads between the two as they were, MLPs recomputed (the IOI paper’s edge)"


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
    resid = finish_block(blocks[first], clean.resid_pre[first], ablated)
    for between in range(first + 1, layer):
        resid = finish_block(blocks[between], resid, clean.z[between])
    return resid


def edge_flops(model: LoadedModel, n_layers: int, n_pos: int, edge: Edge) -> float:
    """Floating-point operations of one sender's stream, at most, into layer `n_layers`."""
    if edge is Edge.RESIDUAL:
        return 0.0
    return 2.0 * model.n_block_params / model.n_layers * n_layers * n_pos
