"""What takes the place of z under each kind of ablation, for one prompt and one answer.

The kinds differ only in the tensor; `mean` and `resample` are vectors of the model's own making,
so they are the same under raw and processed weights.
"""

from collections import OrderedDict
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine import parts
from core.engine.interventions import Edit, Intervention, MlpEdit, Values
from core.errors import InputError
from core.model.loaded import LoadedModel
from core.prompts.tokens import check_known, tokenize_prompt
from core.spec.ablation import AblationKind
from core.spec.heads import Head

BATCH_BYTES = 2**28
"""Of every layer's outputs on one batch of reference prompts, in double precision."""

_KEPT = 4


@dataclass(frozen=True, eq=False)
class Replacement:
    """One kind of ablation, ready for one sequence.

    `z` (layer, pos, head, d_head) and `mlp` (layer, pos, d_model) hold what `mean` and `resample`
    put in place, None for the other kinds. `positions` are where (None: everywhere).
    """

    kind: AblationKind
    positions: tuple[int, ...] | None
    z: Float[Tensor, "layer pos head d_head"] | None = None
    mlp: Float[Tensor, "layer pos d_model"] | None = None

    def edit(self, head: Head) -> Edit:
        """The head ablated."""
        if self.z is None:
            return Edit(head, self.kind, self.positions)
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
        if self.kind is AblationKind.ZERO:
            return MlpEdit(layer, None, self.positions)
        if self.mlp is None:
            return None
        return MlpEdit(layer, Values(self.mlp[layer]), self.positions)


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
    means = yield from _means(model, reference, prepend_bos)
    index = torch.ones(n_pos, dtype=torch.long, device=means.z.device)
    index[0] = 0
    mlp = None if means.mlp is None else means.mlp[:, index]
    return Replacement(AblationKind.MEAN, positions, means.z[:, index], mlp)


def from_corrupted(
    model: LoadedModel,
    clean: Int[Tensor, " pos"],
    corrupted: Int[Tensor, " pos"],
    positions: tuple[int, ...] | None,
) -> Replacement:
    """Resample ablation: z of a corrupted prompt of the same length.

    Before the first token that differs nothing does (causality), so nothing is replaced there.
    """
    found = parts(model, corrupted[None])
    differs = (clean != corrupted).nonzero().flatten().tolist()
    first = differs[0] if differs else len(clean)
    where = tuple(p for p in positions or range(len(clean)) if p >= first)
    mlp = None if found.mlp is None else found.mlp[:, 0]
    return Replacement(AblationKind.RESAMPLE, where, found.z[:, 0], mlp)


@dataclass(frozen=True, eq=False)
class _Means:
    """Position 0's mean first, then the mean over all others."""

    z: Float[Tensor, "layer 2 head d_head"]
    mlp: Float[Tensor, "layer 2 d_model"] | None


_cache: WeakKeyDictionary[LoadedModel, OrderedDict[tuple[tuple[str, ...], bool], _Means]]
_cache = WeakKeyDictionary()
_guard = Lock()


def _means(
    model: LoadedModel, reference: tuple[str, ...], prepend_bos: bool
) -> Generator[float, None, _Means]:
    with _guard:
        kept = _cache.setdefault(model, OrderedDict())
        found = kept.get((reference, prepend_bos))
    if found is None:
        found = yield from _measured(model, reference, prepend_bos)
    with _guard:
        kept[reference, prepend_bos] = found
        kept.move_to_end((reference, prepend_bos))
        while len(kept) > _KEPT:
            kept.popitem(last=False)
    return found


def _measured(
    model: LoadedModel, reference: tuple[str, ...], prepend_bos: bool
) -> Generator[float, None, _Means]:
    prompts = [_reference_ids(model, i, text, prepend_bos) for i, text in enumerate(reference)]
    if all(len(ids) == 1 for ids in prompts):
        raise InputError(
            "reference",
            "Every reference prompt is a single token, and position 0 has a mean of its own: "
            "give longer ones.",
        )
    total, done = sum(map(len, prompts)), 0
    z: Tensor | None = None
    mlp: Tensor | None = None
    at_once = BATCH_BYTES // (16 * model.n_layers * model.d_model)
    for batch in _batches(prompts, at_once):
        found = parts(model, batch)
        z = _summed(z, found.z)
        mlp = None if found.mlp is None else _summed(mlp, found.mlp)
        done += batch.numel()
        yield done / total
    assert z is not None
    counts = torch.tensor([len(prompts), total - len(prompts)], dtype=z.dtype, device=z.device)
    return _Means(
        (z / counts[:, None, None]).float(),
        None if mlp is None else (mlp / counts[:, None]).float(),
    )


def _reference_ids(model: LoadedModel, index: int, text: str, prepend_bos: bool) -> tuple[int, ...]:
    try:
        ids = tokenize_prompt(model.tokenizer, text, prepend_bos=prepend_bos).ids
    except InputError as error:
        raise InputError("reference", f"Reference prompt {index + 1}: {error}") from error
    check_known(ids, model.d_vocab, "reference")
    return ids[: model.n_ctx]


def _batches(
    prompts: list[tuple[int, ...]], tokens_at_once: int
) -> Iterator[Int[Tensor, "row pos"]]:
    """Prompts of equal length together: padding would need masks that no model agrees on."""
    for length in sorted({len(ids) for ids in prompts}):
        same = [ids for ids in prompts if len(ids) == length]
        size = max(1, tokens_at_once // length)
        for start in range(0, len(same), size):
            yield torch.tensor(same[start : start + size])


def _summed(so_far: Tensor | None, found: Tensor) -> Tensor:
    """Sums over prompts, of position 0 and of all others: (layer, 2, ...), in double where the
    device has it.
    """
    found = found if found.device.type == "mps" else found.double()
    both = torch.stack([found[:, :, 0].sum(1), found[:, :, 1:].sum((1, 2))], dim=1)
    return both if so_far is None else so_far + both
