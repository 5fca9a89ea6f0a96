"""The engine: `run(model, tokens, interventions)` gives the answer's logits for every row.

Rows (one intervention each) share batched forward passes. Edits return copies; nothing that two
threads share is written to.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.ablation import AblationKind
from core.interventions import Edit, Intervention, Values
from core.model import LoadedModel

DEFAULT_MEMORY_BUDGET = 2 * 2**30
"""Bytes of activations that one batch may take."""

CHUNK_FLOPS = 4e10
"""Work in one batch: under a second on a laptop, so that progress moves and a stop is prompt."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Some finished rows: their indices into the list of interventions, and their logits."""

    indices: tuple[int, ...]
    logits: Float[Tensor, "row read vocab"]


def run(
    model: LoadedModel,
    tokens: Int[Tensor, " pos"],
    interventions: Sequence[Intervention],
    read: tuple[int, ...],
    memory_budget: int = DEFAULT_MEMORY_BUDGET,
) -> Iterator[Rows]:
    """Run every intervention on `tokens` and yield the logits at the positions `read`.

    Chunks come as they finish, deepest layers first, and each is finished: whoever iterates may
    stop at any time. The empty intervention `()` is the clean run. Rows are chunked to
    `memory_budget` bytes; one row is always run, whatever it takes.
    """
    tokens = tokens.to(model.device)
    order = sorted(range(len(interventions)), key=lambda i: -_first_layer(interventions[i]))
    size = rows_per_chunk(model, len(tokens), len(read), memory_budget)
    for start in range(0, len(order), size):
        indices = tuple(order[start : start + size])
        edits = _Edits(model, [interventions[i] for i in indices], len(tokens))
        with model.editing_z(edits):
            logits = model.logits(tokens.expand(len(indices), -1), read)
        yield Rows(indices, logits)


def rows_per_chunk(model: LoadedModel, n_pos: int, n_read: int, memory_budget: int) -> int:
    """How many rows of `n_pos` positions fit the budget in bytes, and the work of one batch."""
    cfg = model.bridge.cfg
    d_mlp: int = getattr(cfg, "d_mlp", None) or 4 * cfg.d_model
    # Live at once in a block: a few residual streams, q k v z, two MLP widths, three score maps.
    per_row: int = n_pos * (8 * cfg.d_model + 2 * d_mlp + 3 * model.n_heads * n_pos)
    # The logits once as the model gives them, and twice in double precision while scored.
    per_row = 4 * (per_row + 5 * n_read * cfg.d_vocab)
    flops = 2 * model.n_params * n_pos
    return max(1, min(memory_budget // per_row, int(CHUNK_FLOPS // flops)))


def _first_layer(intervention: Intervention) -> int:
    return min((edit.head.layer for edit in intervention), default=sys.maxsize)


class _Edits:
    """Applies each row's edits inside its layer: called with (layer, z), returns a new z."""

    def __init__(
        self, model: LoadedModel, interventions: Sequence[Intervention], n_pos: int
    ) -> None:
        self._shift = model.value_shift
        self._n_pos = n_pos
        self._by_layer: dict[int, list[tuple[int, Edit]]] = {}
        for row, intervention in enumerate(interventions):
            for edit in intervention:
                self._by_layer.setdefault(edit.head.layer, []).append((row, edit))

    def __call__(
        self, layer: int, z: Float[Tensor, "batch pos head d_head"]
    ) -> Float[Tensor, "batch pos head d_head"]:
        edits = self._by_layer.get(layer)
        if not edits:
            return z
        ablated = z.clone()
        for kind in {self._kind(edit) for _, edit in edits}:
            chosen = [(row, edit) for row, edit in edits if self._kind(edit) == kind]
            rows = torch.tensor([row for row, _ in chosen], device=z.device)
            heads = torch.tensor([edit.head.head for _, edit in chosen], device=z.device)
            new = self._replacement(kind, layer, z, rows, heads, [edit for _, edit in chosen])
            if all(edit.positions is None for _, edit in chosen):
                ablated[rows, :, heads] = new
            else:  # only where asked for: one head may have several edits in a row
                which, pos = self._mask([edit for _, edit in chosen], z.device).nonzero(
                    as_tuple=True
                )
                ablated[rows[which], pos, heads[which]] = new[which, pos]
        return ablated

    @staticmethod
    def _kind(edit: Edit) -> AblationKind | None:
        return edit.replacement if isinstance(edit.replacement, AblationKind) else None

    def _replacement(
        self,
        kind: AblationKind | None,
        layer: int,
        z: Float[Tensor, "batch pos head d_head"],
        rows: Int[Tensor, " edit"],
        heads: Int[Tensor, " edit"],
        edits: list[Edit],
    ) -> Float[Tensor, "edit pos d_head"]:
        # z_processed = z - shift; the replacement is chosen there and shifted back.
        shift = self._shift[layer].to(z.dtype)
        back = shift[heads][:, None, :]
        if kind is AblationKind.ZERO:
            return back.expand(-1, self._n_pos, -1)
        if kind is AblationKind.MEAN_ACROSS_HEADS:
            return (z - shift).mean(dim=2)[rows] + back
        given = [
            edit.replacement.z.expand(self._n_pos, -1)
            for edit in edits
            if isinstance(edit.replacement, Values)
        ]
        return torch.stack(given).to(z)

    def _mask(self, edits: list[Edit], device: torch.device) -> Tensor:
        mask = torch.zeros(len(edits), self._n_pos, dtype=torch.bool)
        for index, edit in enumerate(edits):
            if edit.positions is None:
                mask[index] = True
            else:
                mask[index, [p for p in edit.positions if p < self._n_pos]] = True
        return mask.to(device)
