"""Apply the interventions of batch rows inside one layer: replace z, or an MLP's output."""

from collections.abc import Sequence
from typing import Literal, assert_never

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from core.engine.interventions import Edit, Intervention, MlpEdit, Scaled, Values
from core.spec.ablation import AblationKind, Computed

_Scaled = Literal["scaled"]


class Edits:
    """The edits of all rows of a batch, by layer. Applying them returns a copy."""

    def __init__(
        self,
        interventions: Sequence[Intervention],
        value_shift: Float[Tensor, "layer head d_head"],
        n_pos: int,
    ) -> None:
        self._shift, self._n_pos = value_shift, n_pos
        self._by_layer: dict[int, list[tuple[int, Edit]]] = {}
        self._mlps: dict[int, list[tuple[int, MlpEdit]]] = {}
        for row, intervention in enumerate(interventions):
            for edit in intervention:
                if isinstance(edit, MlpEdit):
                    self._mlps.setdefault(edit.layer, []).append((row, edit))
                else:
                    self._by_layer.setdefault(edit.layer, []).append((row, edit))

    @property
    def has_mlps(self) -> bool:
        """Whether any row changes an MLP."""
        return bool(self._mlps)

    def apply(
        self,
        layer: int,
        z: Float[Tensor, "batch pos head d_head"],
        positions: Int[Tensor, " pos"] | None = None,
        first_row: int = 0,
    ) -> Float[Tensor, "batch pos head d_head"]:
        """A copy of z with this layer's edits applied; z itself if there are none.

        `positions` are the positions of z in the whole sequence (None: all, from 0). `first_row` is
        the index in the batch of the first row of z.
        """
        here = range(first_row, first_row + len(z))
        edits = [
            (row - first_row, edit) for row, edit in self._by_layer.get(layer, ()) if row in here
        ]
        if not edits:
            return z
        if positions is None:
            positions = torch.arange(z.shape[1], device=z.device)
        ablated = z.clone()
        for kind in {_kind(edit) for _, edit in edits}:
            chosen = [(row, edit) for row, edit in edits if _kind(edit) == kind]
            rows = torch.tensor([row for row, _ in chosen], device=z.device)
            heads = torch.tensor([edit.head.head for _, edit in chosen], device=z.device)
            only = [edit for _, edit in chosen]
            new = self._replacement(kind, layer, z, rows, heads, only, positions)
            if all(edit.positions is None for edit in only):
                ablated[rows, :, heads] = new
            else:  # only at the edits' positions: one head may have several edits in a row
                which, pos = self._mask(only, positions).nonzero(as_tuple=True)
                ablated[rows[which], pos, heads[which]] = new[which, pos]
        return ablated

    def _replacement(
        self,
        kind: Computed | _Scaled | None,
        layer: int,
        z: Float[Tensor, "batch pos head d_head"],
        rows: Int[Tensor, " edit"],
        heads: Int[Tensor, " edit"],
        edits: list[Edit],
        positions: Int[Tensor, " pos"],
    ) -> Float[Tensor, "edit pos d_head"]:
        # z_processed = z - shift: the replacement is computed in these coordinates, then shifted
        # back.
        shift = self._shift[layer].to(z)
        back = shift[heads][:, None, :]
        match kind:
            case "scaled":
                factors = [e.replacement.factor for e in edits if isinstance(e.replacement, Scaled)]
                own = z[rows, :, heads]
                more = torch.tensor(factors).to(z)[:, None, None] - 1
                return own + more * (own - back)  # so that 1 changes nothing, to the last bit
            case AblationKind.ZERO:
                return back.expand(-1, z.shape[1], -1)
            case AblationKind.MEAN_ACROSS_HEADS:
                return (z - shift).mean(dim=2)[rows] + back
            case None:
                given = [
                    edit.replacement.z.expand(self._n_pos, -1)
                    for edit in edits
                    if isinstance(edit.replacement, Values)
                ]
                return torch.stack(given).to(z)[:, positions]
            case never:
                assert_never(never)

    def apply_mlp(
        self,
        layer: int,
        added: Float[Tensor, "batch pos d_model"],
        positions: Int[Tensor, " pos"],
    ) -> Float[Tensor, "batch pos d_model"]:
        """A copy of what a layer's MLP adds, with the edits applied; `added` if there are none."""
        edits = [(row, edit) for row, edit in self._mlps.get(layer, ()) if row < len(added)]
        if not edits:
            return added
        added = added.clone()
        masks = self._mask([edit for _, edit in edits], positions)
        for (row, edit), mask in zip(edits, masks, strict=True):
            if edit.replacement is None:
                added[row, mask] = 0
            else:
                new = edit.replacement.z.expand(self._n_pos, -1).to(added)
                added[row, mask] = new[positions[mask]]
        return added

    def _mask(
        self, edits: Sequence[Edit | MlpEdit], positions: Int[Tensor, " pos"]
    ) -> Bool[Tensor, "edit pos"]:
        mask = torch.zeros(len(edits), self._n_pos, dtype=torch.bool)
        for index, edit in enumerate(edits):
            if edit.positions is None:
                mask[index] = True
            else:
                mask[index, [p for p in edit.positions if p < self._n_pos]] = True
        return mask.to(positions.device)[:, positions]


def _kind(edit: Edit) -> Computed | _Scaled | None:
    match edit.replacement:
        case Values():
            return None
        case Scaled():
            return "scaled"
        case computed:
            return computed


def first_layer(intervention: Intervention) -> int:
    """The first layer that an intervention changes; it must not be empty."""
    return min(edit.layer for edit in intervention)


def first_position(intervention: Intervention, n_pos: int) -> int:
    """The first position that an intervention changes; `n_pos` if it changes none."""
    firsts = (
        0 if edit.positions is None else min(edit.positions, default=n_pos) for edit in intervention
    )
    return min(min(firsts, default=n_pos), n_pos)
