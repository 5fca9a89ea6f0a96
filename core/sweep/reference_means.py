"""Every head's and MLP's mean output over a reference set: measured once a model, and kept.

Sums are in double precision where the device has it; batches hold prompts of equal length only,
since padding would need masks that no model agrees on.
"""

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine import head_and_mlp_outputs
from core.errors import InputError
from core.model.loaded import LoadedModel
from core.prompts.reference import embedded_ids

BATCH_BYTES = 2**28
"""Of every layer's outputs on one batch of reference prompts, in double precision."""

KEPT_BYTES = 2**28
"""Of one model's means that are kept; the newest are, whatever they take."""

_KEPT = 4


@dataclass(frozen=True, eq=False)
class Means:
    """Mean outputs at some places: which, says whoever measured them."""

    z: Float[Tensor, "layer place head d_head"]
    mlp: Float[Tensor, "layer place d_model"] | None

    @property
    def n_bytes(self) -> int:
        """What they take."""
        return self.z.nbytes + (0 if self.mlp is None else self.mlp.nbytes)


def pooled_means(
    model: LoadedModel, reference: tuple[str, ...], *, prepend_bos: bool
) -> Generator[float, None, Means]:
    """Position 0's mean first, then that of all others together: yields the share done.

    A prompt longer than the model's context is read as far as that goes. Raises `InputError` for
    a text that the tokenizer refuses, and where every text is a single token.
    """
    return (yield from _kept(model, (reference, prepend_bos, None), _pooled))


def means_by_position(
    model: LoadedModel, reference: tuple[str, ...], forced: tuple[int, ...], *, prepend_bos: bool
) -> Generator[float, None, Means]:
    """The mean at each position, of texts that have equally many tokens: yields the share done.

    Each text is followed by the answer's `forced` ids, as the prompt is.
    """
    return (yield from _kept(model, (reference, prepend_bos, forced), _by_position))


_Key = tuple[tuple[str, ...], bool, tuple[int, ...] | None]
"""The texts, whether BOS comes first, and what is forced after them; None for pooled means."""

_Prompts = list[tuple[int, ...]]

_cache: WeakKeyDictionary[LoadedModel, OrderedDict[_Key, Means]] = WeakKeyDictionary()
_guard = Lock()


def _kept(
    model: LoadedModel,
    key: _Key,
    measure: Callable[[LoadedModel, _Prompts], Generator[float, None, Means]],
) -> Generator[float, None, Means]:
    with _guard:
        kept = _cache.setdefault(model, OrderedDict())
        found = kept.get(key)
    if found is None:
        found = yield from measure(model, _prompts(model, key))
    with _guard:
        kept[key] = found
        kept.move_to_end(key)
        while len(kept) > 1 and (
            len(kept) > _KEPT or sum(each.n_bytes for each in kept.values()) > KEPT_BYTES
        ):
            kept.popitem(last=False)
    return found


def _prompts(model: LoadedModel, key: _Key) -> _Prompts:
    reference, prepend_bos, forced = key
    read = embedded_ids(model.tokenizer, reference, model.d_vocab, prepend_bos=prepend_bos)
    return [(*ids, *(forced or ()))[: model.n_ctx] for ids in read]


def _pooled(model: LoadedModel, prompts: _Prompts) -> Generator[float, None, Means]:
    if all(len(ids) == 1 for ids in prompts):
        raise InputError(
            "reference",
            "Every reference prompt is a single token, and position 0 has a mean of its own: "
            "give longer ones.",
        )
    z, mlp = yield from _sums(
        model,
        prompts,
        lambda found: torch.stack([found[:, :, 0].sum(1), found[:, :, 1:].sum((1, 2))], dim=1),
    )
    total = sum(map(len, prompts))
    counts = torch.tensor([len(prompts), total - len(prompts)], dtype=z.dtype, device=z.device)
    return Means(
        (z / counts[:, None, None]).float(),
        None if mlp is None else (mlp / counts[:, None]).float(),
    )


def _by_position(model: LoadedModel, prompts: _Prompts) -> Generator[float, None, Means]:
    z, mlp = yield from _sums(model, prompts, lambda found: found.sum(1))
    return Means((z / len(prompts)).float(), None if mlp is None else (mlp / len(prompts)).float())


def _sums(
    model: LoadedModel, prompts: _Prompts, summed: Callable[[Tensor], Tensor]
) -> Generator[float, None, tuple[Tensor, Tensor | None]]:
    """What `summed` makes of each batch's z and MLP outputs (layer, row, pos, ...), added up."""
    total, done = sum(map(len, prompts)), 0
    z: Tensor | None = None
    mlp: Tensor | None = None
    at_once = BATCH_BYTES // (16 * model.n_layers * model.d_model)
    for batch in _batches(prompts, at_once):
        found = head_and_mlp_outputs(model, batch)
        z = _plus(z, summed(_precise(found.z)))
        mlp = None if found.mlp is None else _plus(mlp, summed(_precise(found.mlp)))
        done += batch.numel()
        yield done / total
    assert z is not None
    return z, mlp


def _batches(prompts: _Prompts, tokens_at_once: int) -> Iterator[Int[Tensor, "row pos"]]:
    for length in sorted({len(ids) for ids in prompts}):
        same = [ids for ids in prompts if len(ids) == length]
        size = max(1, tokens_at_once // length)
        for start in range(0, len(same), size):
            yield torch.tensor(same[start : start + size])


def _precise(found: Tensor) -> Tensor:
    """In double, where the device has it."""
    return found if found.device.type == "mps" else found.double()


def _plus(so_far: Tensor | None, found: Tensor) -> Tensor:
    return found if so_far is None else so_far + found
