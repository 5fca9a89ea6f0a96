"""Path patching from every earlier head (the sender) into one head's queries, keys or values.

The sender's z is replaced by the spec's ablation. The change of its write is added only to the
residual stream from which the later head (the receiver) computes its queries, or its keys, or its
values. Everything between the two heads stays as in the clean run, so only the direct path is
patched (Wang et al. 2022, arXiv:2211.00593; Goldowsky-Dill et al. 2023, arXiv:2304.05969). No
further forward pass is needed.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import EVERY_OTHER, THE_FOIL, passes
from core.circuits.attention import head_scoring
from core.circuits.composition import Composition, measure_composition
from core.circuits.logit_attribution import AnswerDirections
from core.circuits.residual_stream import additive_stack, head_weights, read_stream
from core.engine.chunks import CHUNK_FLOPS, rows_per_chunk
from core.engine.edits import Edits
from core.errors import InputError
from core.model.attention import pattern
from core.model.frozen_norms import frozen
from core.model.loaded import LoadedModel
from core.settings import settings
from core.spec.heads import Head, check_head
from core.sweep.replacements import Replacement
from core.sweep.scorer import Scorer
from core.text.jsonable import jsonable

INPUTS = ("query", "key", "value")
"""The three inputs of a head."""

RESTING = 0.1
"""The smallest attention weight at which a key other than position 0 is the default key.

Many heads attend to position 0 when they have nothing else to attend to.
"""


@dataclass(frozen=True, eq=False)
class PathPatching:
    """The effect of each earlier head on one head through one input: ablated minus clean.

    `weight` is the head's attention weight from `query` to `key` in the clean run. `by_query` is
    the change of that weight if only the head's queries see the ablation of the earlier head;
    `by_key` the same for its keys, at all positions. Values do not change attention: `by_value` is
    the change of what the head adds directly to the answer, in logits relative to `against` ("the
    foil" or "every other token"), with all later norms frozen at the clean run's scale. It is
    measured in the target's pass; a foil that needs a pass of its own is left out. All three are
    NaN from the head's own layer on.
    """

    head: Head
    query: int
    key: int
    weight: float
    by_query: Float[np.ndarray, "layer head"]
    by_key: Float[np.ndarray, "layer head"]
    by_value: Float[np.ndarray, "layer head"]
    against: str
    composition: Composition | None

    def strongest(self, through: str, count: int = 5) -> list[tuple[Head, float]]:
        """The earlier heads with the largest change through one of `INPUTS`, largest first."""
        if through not in INPUTS:
            raise InputError(
                "through", f"{through!r} is no input of a head: choose query, key or value."
            )
        changes = {"query": self.by_query, "key": self.by_key, "value": self.by_value}[through]
        size = np.nan_to_num(np.abs(changes))
        order = np.argsort(-size, axis=None, kind="stable")[:count]
        heads = [Head(*map(int, np.unravel_index(i, size.shape))) for i in order]
        return [(head, float(changes[head])) for head in heads if size[head] > 0]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: fractions of attention, logits for `by_value`."""
        return {
            "head": self.head.label,
            "query": self.query,
            "key": self.key,
            "weight": self.weight,
            "by_query": jsonable(self.by_query),
            "by_key": jsonable(self.by_key),
            "by_value": jsonable(self.by_value),
            "against": self.against,
            "composition": None if self.composition is None else self.composition.to_dict(),
        }


def measure_path_patching(
    scorer: Scorer,
    head: Head,
    query: int | None = None,
    key: int | None = None,
    memory_budget: int | None = None,
) -> Generator[float, None, PathPatching]:
    """Patch the path from every earlier head into `head`; yields the share done.

    `query` defaults to the position that predicts the answer's first token. `key` defaults to the
    position with the largest attention weight from `query`; position 0 only counts if no other
    weight reaches `RESTING`. Raises `InputError` for a position out of range or a key after the
    query, `UnavailableError` for a model whose residual stream is not the sum of its parts.
    """
    model, prepared = scorer.model, scorer.prepared
    check_head(head, (model.n_layers, model.n_heads), model.name)
    additive_stack(model)
    query = len(prepared.prompt) - 1 if query is None else query
    _check(query, key, len(scorer.start.tokens))
    replacement = (yield from scorer.replacements())[prepared.target]
    scores = yield from measure_composition(model, head)
    receiver = _Receiver(scorer, head, query)
    key = _default_key(receiver.row) if key is None else key
    changes = np.full((3, model.n_layers, model.n_heads), np.nan)
    budget = settings().memory_bytes if memory_budget is None else memory_budget
    for senders in _chunks(model, head.layer, len(scorer.start.tokens), budget):
        layer, first, last = senders[0].layer, senders[0].head, senders[-1].head + 1
        write_changes = _write_changes(scorer, replacement, senders)
        changes[:, layer, first:last] = receiver.patched(write_changes, key)
        yield (layer + last / model.n_heads) / head.layer
    by_query, by_key, by_value = changes
    return PathPatching(
        head=head,
        query=query,
        key=key,
        weight=float(receiver.row[key]),
        by_query=by_query,
        by_key=by_key,
        by_value=by_value,
        against=THE_FOIL if prepared.foil_in_same_pass else EVERY_OTHER,
        composition=scores,
    )


def _check(query: int, key: int | None, n_pos: int) -> None:
    if not 0 <= query < n_pos:
        raise InputError(
            "query", f"There is no position {query}: the pass has 0 to {n_pos - 1}. Choose one."
        )
    if key is not None and not 0 <= key <= query:
        raise InputError(
            "key", f"Position {query} sees 0 to {query}, not {key}: choose a key among those."
        )


def _default_key(row: Float[Tensor, " key"]) -> int:
    """The key with the largest weight; position 0 only if no other weight reaches `RESTING`."""
    others = row[1:]
    if len(others) and float(others.max()) >= RESTING:
        return 1 + int(others.argmax())
    return int(row.argmax())


def _chunks(model: LoadedModel, n_layers: int, n_pos: int, budget: int) -> Iterator[list[Head]]:
    """The heads of the first `n_layers` layers in chunks.

    A chunk has heads of one layer only and takes about half a second.
    """
    flops = 8.0 * n_pos * model.d_model * model.n_heads * model.d_head
    by_time = int(CHUNK_FLOPS.get(model.device, CHUNK_FLOPS["cpu"]) / 2 / flops)
    size = max(1, min(by_time, rows_per_chunk(model, n_pos, 0, 0, budget)))
    for layer in range(n_layers):
        heads = [Head(layer, head) for head in range(model.n_heads)]
        for first in range(0, len(heads), size):
            yield heads[first : first + size]


@torch.inference_mode()
def _write_changes(
    scorer: Scorer, replacement: Replacement, senders: list[Head]
) -> Float[Tensor, "sender pos d_model"]:
    """The change of each sender's write under its ablation: ablated minus clean.

    All senders are in one layer; each is ablated alone.
    """
    model, clean, layer = scorer.model, scorer.start.clean, senders[0].layer
    assert clean is not None
    block, z = additive_stack(model).blocks[layer], clean.z[layer]
    edits = Edits(
        [(replacement.edit(head),) for head in senders], model.value_shift, len(scorer.start.tokens)
    )
    ablated = edits.apply(layer, z.expand(len(senders), -1, -1, -1))
    return block.out(ablated.flatten(-2)) - block.out(z.flatten(-2))


class _Receiver:
    """The head whose inputs are patched, with its queries, keys and values of the clean run.

    `row` is its attention from the query position to every key.
    """

    @torch.inference_mode()
    def __init__(self, scorer: Scorer, head: Head, query: int) -> None:
        model, clean = scorer.model, scorer.start.clean
        assert clean is not None
        self._block = block = additive_stack(model).blocks[head.layer]
        self._head, self._query = head.head, query
        self._kv = head.head // (model.n_heads // len(clean.keys[head.layer]))
        self._scoring = head_scoring(block, head.head)
        self._resid, self._rotary = clean.resid_pre[head.layer], clean.rotary
        q, _, _ = block.qkv(self._resid, self._rotary)
        self._q = q[:, self._head]
        self._k, self._v = clean.keys[head.layer][self._kv], clean.values[head.layer][self._kv]
        self.row = self._attention(self._q, self._k[None], [query])[0, 0]
        self._prepare_answer(scorer, head, clean.z[head.layer][0])

    def _prepare_answer(
        self, scorer: Scorer, head: Head, z: Float[Tensor, "pos head d_head"]
    ) -> None:
        """Keep what is needed to read the head's direct effect on the answer, norms frozen."""
        model, prepared = scorer.model, scorer.prepared
        stream = read_stream(model, scorer.start.tokens)
        self._directions = AnswerDirections(model, prepared, passes(prepared)[0], stream)
        read, lens = self._directions.read, self._block.lens
        self._answer_attention = self._attention(self._q, self._k[None], read)[0]
        self._w_o = head_weights(self._block, model.n_heads)[head.head].float()
        self._out_norm = frozen(lens.out_norm, lens.out(z[read].flatten(-2)))

    def _attention(
        self,
        q: Float[Tensor, "#row pos d_head"],
        k: Float[Tensor, "#row key d_head"],
        queries: list[int],
    ) -> Float[Tensor, "row query key"]:
        at = torch.tensor(queries, device=q.device)
        rows = max(len(q), len(k))
        q, k = (x.expand(rows, -1, -1)[:, None] for x in (q[:, at], k))
        return pattern(q, k, at, self._scoring)[:, 0]

    @torch.inference_mode()
    def patched(
        self, added: Float[Tensor, "sender pos d_model"], key: int
    ) -> Float[np.ndarray, "way sender"]:
        """The changes by query, by key and by value, if only that input sees `added`."""
        q, k, v = self._block.qkv(self._resid + added, self._rotary)
        by_query = self._attention(q[:, self._head], self._k[None], [self._query])
        by_key = self._attention(self._q, k[:, self._kv], [self._query])
        z_change = self._answer_attention @ (v[:, self._kv].float() - self._v.float())
        writes = self._out_norm(z_change @ self._w_o)
        by_value = [self._directions.along(write) for write in writes]
        weights = torch.stack([by_query[:, 0, key], by_key[:, 0, key]]) - self.row[key]
        return np.stack([*weights.cpu().double().numpy(), np.array(by_value)])
