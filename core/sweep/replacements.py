"""What takes the place of z under each kind of ablation, for one prompt and one answer.

The kinds differ only in the tensor; those that are given are vectors of the model's own making,
so they are the same under raw and processed weights.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import assert_never

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine import head_and_mlp_outputs
from core.engine.interventions import Edit, Intervention, MlpEdit, Values
from core.model.loaded import LoadedModel
from core.prompts.tokens import TokenizedAnswer
from core.spec.ablation import AblationKind, Computed
from core.spec.heads import Head
from core.sweep.prepare import Prepared
from core.sweep.reference_means import means_by_position, pooled_means


@dataclass(frozen=True, eq=False)
class Replacement:
    """One kind of ablation, ready for one sequence.

    `computed` names a kind whose values the running pass gives; None for a kind whose values are
    given: `z` (layer, pos, head, d_head) and, where the wiring is known, `mlp` (layer, pos,
    d_model). `positions` are where (None: everywhere).
    """

    computed: Computed | None
    positions: tuple[int, ...] | None
    z: Float[Tensor, "layer pos head d_head"] | None = None
    mlp: Float[Tensor, "layer pos d_model"] | None = None

    def edit(self, head: Head) -> Edit:
        """The head ablated."""
        if self.computed is not None:
            return Edit(head, self.computed, self.positions)
        assert self.z is not None
        return Edit(head, Values(self.z[head.layer, :, head.head]), self.positions)

    def edit_at(self, head: Head, position: int) -> Edit:
        """The head ablated at one position only."""
        edit = self.edit(head)
        return Edit(head, edit.replacement, (position,))

    def attention(self, layer: int, n_heads: int) -> Intervention:
        """All heads of a layer ablated together."""
        return tuple(self.edit(Head(layer, head)) for head in range(n_heads))

    def mlp_edit(self, layer: int) -> MlpEdit | None:
        """The layer's MLP ablated in the same way; None where that has no meaning."""
        match self.computed:
            case AblationKind.ZERO:
                return MlpEdit(layer, None, self.positions)
            case AblationKind.MEAN_ACROSS_HEADS:
                return None
            case None:
                if self.mlp is None:
                    return None
                return MlpEdit(layer, Values(self.mlp[layer]), self.positions)
            case never:
                assert_never(never)


def replacement_for(
    model: LoadedModel, prepared: Prepared, answer: TokenizedAnswer
) -> Generator[float, None, Replacement]:
    """What a spec's kind puts in place in the pass of `answer`: yields the share done."""
    spec, positions = prepared.spec, prepared.positions
    match spec.ablation:
        case AblationKind.ZERO | AblationKind.MEAN_ACROSS_HEADS as computed:
            return Replacement(computed, positions)
        case AblationKind.MEAN:
            assert spec.reference is not None
            n_pos, bos = len(prepared.sequence(answer)), prepared.prompt.has_bos
            work = from_reference(model, spec.reference, positions, n_pos, prepend_bos=bos)
            return (yield from work)
        case AblationKind.MEAN_POSITIONAL:
            return (yield from _by_position(model, prepared, answer))
        case AblationKind.RESAMPLE:
            corrupted = prepared.corrupted_sequence(answer).to(model.device)
            clean = prepared.sequence(answer).to(model.device)
            return from_corrupted(model, clean, corrupted, positions)
        case never:
            assert_never(never)


def from_reference(
    model: LoadedModel,
    reference: tuple[str, ...],
    positions: tuple[int, ...] | None,
    n_pos: int,
    *,
    prepend_bos: bool,
) -> Generator[float, None, Replacement]:
    """Mean ablation: yields the share done, returns the replacement.

    One vector a head, the mean over all prompts and all positions but the first of each, every
    token weighted equally; position 0 gets position 0's own mean. A prompt longer than the
    model's context is read as far as that goes.
    """
    means = yield from pooled_means(model, reference, prepend_bos=prepend_bos)
    index = torch.ones(n_pos, dtype=torch.long, device=means.z.device)
    index[0] = 0
    mlp = None if means.mlp is None else means.mlp[:, index]
    return Replacement(None, positions, means.z[:, index], mlp)


def _by_position(
    model: LoadedModel, prepared: Prepared, answer: TokenizedAnswer
) -> Generator[float, None, Replacement]:
    """Mean-positional ablation: one vector a head and position, the mean over the reference set.

    Each text is followed by the answer's forced tokens. Where no text differs from the prompt yet
    nothing is replaced, as under resample.
    """
    spec, forced = prepared.spec, answer.sequence[:-1]
    assert spec.reference is not None
    bos = prepared.prompt.has_bos
    means = yield from means_by_position(model, spec.reference, forced, prepend_bos=bos)
    where = _from(prepared.first_change, prepared.positions, len(prepared.sequence(answer)))
    return Replacement(None, where, means.z, means.mlp)


def from_corrupted(
    model: LoadedModel,
    clean: Int[Tensor, " pos"],
    corrupted: Int[Tensor, " pos"],
    positions: tuple[int, ...] | None,
) -> Replacement:
    """Resample ablation: z of a corrupted prompt of the same length.

    Before the first token that differs nothing does (causality), so nothing is replaced there.
    """
    found = head_and_mlp_outputs(model, corrupted[None])
    differs = (clean != corrupted).nonzero().flatten().tolist()
    first = differs[0] if differs else len(clean)
    mlp = None if found.mlp is None else found.mlp[:, 0]
    return Replacement(None, _from(first, positions, len(clean)), found.z[:, 0], mlp)


def _from(first: int, positions: tuple[int, ...] | None, n_pos: int) -> tuple[int, ...]:
    """The chosen positions (None: all of `n_pos`) from `first` on."""
    return tuple(p for p in positions or range(n_pos) if p >= first)
