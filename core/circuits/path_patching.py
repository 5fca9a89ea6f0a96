"""Path patching from every earlier head (the sender) into one head's queries, keys or values.

The sender's z is replaced by the spec's ablation. What this changes reaches the later head (the
receiver) along one edge only (`Edge`), and there only its queries, or its keys, or its values (Wang
et al. 2022, arXiv:2211.00593; Goldowsky-Dill et al. 2023, arXiv:2304.05969). Two things are then
measured: the receiver's attention, with what it adds directly to the answer; and the answer itself,
where everything from the receiver on is recomputed.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from core.circuits.answer_directions import EVERY_OTHER, THE_FOIL
from core.circuits.composition import Composition, measure_composition
from core.circuits.edge import Edge
from core.circuits.path_edges import edge_flops, patched_streams
from core.circuits.path_measures import AnswerMeasure, AttentionMeasure
from core.circuits.receiver import INPUTS, sharing
from core.circuits.residual_stream import additive_stack
from core.engine.chunks import CHUNK_FLOPS, rows_per_chunk
from core.errors import InputError
from core.progress import constant_steps
from core.settings import settings
from core.spec.heads import Head, check_head
from core.sweep.scorer import Scorer
from core.text.jsonable import jsonable

RESTING = 0.1
"""The smallest attention weight at which a key other than position 0 is the default key.

Many heads attend to position 0 when they have nothing else to attend to.
"""


@dataclass(frozen=True, eq=False)
class AnswerChanges:
    """How far each earlier head moves the answer on its path into one head: ablated minus clean.

    In `metric`, the leading metric of the sweep, in nats. The input is patched at every position
    that the receiver reads, and everything from the receiver on is recomputed. `heads` are those
    that read the patched keys or values: the receiver alone, or all that share these with it
    (grouped queries), where that was asked for. NaN from the receiver's own layer on.
    """

    metric: str
    heads: tuple[Head, ...]
    by_query: Float[np.ndarray, "layer head"]
    by_key: Float[np.ndarray, "layer head"]
    by_value: Float[np.ndarray, "layer head"]

    def through(self, through: str) -> Float[np.ndarray, "layer head"]:
        """The changes through one of `INPUTS`."""
        found: np.ndarray = getattr(self, f"by_{_checked(through)}")
        return found

    def strongest(self, through: str, count: int = 5) -> list[tuple[Head, float]]:
        """The earlier heads with the largest change through one of `INPUTS`, largest first."""
        return _strongest(self.through(through), count)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: nats."""
        return {
            "metric": self.metric,
            "read_by": [head.label for head in self.heads],
            **{f"by_{way}": jsonable(self.through(way)) for way in INPUTS},
        }


@dataclass(frozen=True, eq=False)
class PathPatching:
    """The effect of each earlier head on one head through one input: ablated minus clean.

    `edge` is the path that is patched. `weight` is the head's attention weight from `query` to
    `key` in the clean run. `by_query` is the change of that weight if only the head's queries see
    the ablation of the earlier head; `by_key` the same for its keys, at all positions. Values do
    not change attention: `by_value` is the change of what the head adds directly to the answer, in
    nats relative to `against` ("the foil" or "every other token"), with all later norms
    frozen at the clean run's scale. It is measured in the target's pass; a foil that needs a pass
    of its own is left out. All three are NaN from the head's own layer on. `sharing` are the heads
    that read the same keys and values, itself included. `answer` is None where it was not asked
    for.
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
    edge: Edge
    sharing: tuple[Head, ...]
    answer: AnswerChanges | None

    def strongest(self, through: str, count: int = 5) -> list[tuple[Head, float]]:
        """The earlier heads with the largest change through one of `INPUTS`, largest first."""
        changes: np.ndarray = getattr(self, f"by_{_checked(through)}")
        return _strongest(changes, count)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: fractions of attention, nats for `by_value`."""
        return {
            "head": self.head.label,
            "edge": self.edge.value,
            "query": self.query,
            "key": self.key,
            "weight": self.weight,
            "by_query": jsonable(self.by_query),
            "by_key": jsonable(self.by_key),
            "by_value": jsonable(self.by_value),
            "against": self.against,
            "keys_shared_by": [head.label for head in self.sharing],
            "answer": None if self.answer is None else self.answer.to_dict(),
            "composition": None if self.composition is None else self.composition.to_dict(),
        }


def _strongest(changes: Float[np.ndarray, "layer head"], count: int) -> list[tuple[Head, float]]:
    """The heads with the largest changes, largest first; none whose change is 0."""
    size = np.nan_to_num(np.abs(changes))
    order = np.argsort(-size, axis=None, kind="stable")[:count]
    heads = [Head(*map(int, np.unravel_index(i, size.shape))) for i in order]
    return [(head, float(changes[head])) for head in heads if size[head] > 0]


def _checked(through: str) -> str:
    if through not in INPUTS:
        raise InputError(
            "through", f"{through!r} is no input of a head: choose query, key or value."
        )
    return through


def measure_path_patching(
    scorer: Scorer,
    head: Head,
    query: int | None = None,
    key: int | None = None,
    memory_budget: int | None = None,
    *,
    edge: Edge = Edge.RESIDUAL,
    answer: bool = False,
    whole_group: bool = False,
) -> Generator[float, None, PathPatching]:
    """Patch the path from every earlier head into `head`; yields the share done.

    `query` defaults to the position that predicts the answer's first token. `key` defaults to the
    position with the largest attention weight from `query`; BOS only counts if no other weight
    reaches `RESTING`. With `answer` the change of the answer is measured too, which takes a
    pass from the receiver on for each sender and input; `whole_group` is then
    `AnswerChanges.whole_group`. Raises `InputError` for a position out of range or a key after the
    query, `UnavailableError` for a model whose residual stream is not the sum of its parts.
    """
    model, prepared = scorer.model, scorer.prepared
    check_head(head, (model.n_layers, model.n_heads), model.name)
    additive_stack(model)
    query = len(prepared.prompt) - 1 if query is None else query
    _check(query, key, len(scorer.start.tokens))
    replacements = yield from constant_steps(scorer.replacements(), 0.0)
    scores = yield from constant_steps(measure_composition(model, head), 0.0)
    attention = AttentionMeasure(scorer, head, query)
    key = _default_key(attention.row, has_bos=prepared.prompt.has_bos) if key is None else key
    heads = sharing(model, head) if whole_group else (head,)
    on_answer = AnswerMeasure(scorer, head, heads) if answer else None
    changes = np.full((6, model.n_layers, model.n_heads), np.nan)
    budget = settings().memory_bytes if memory_budget is None else memory_budget
    for senders in _chunks(scorer, head.layer, edge, budget):
        layer, first, last = senders[0].layer, senders[0].head, senders[-1].head + 1
        streams = {
            of: patched_streams(scorer.start_of(of), replacement, senders, head.layer, edge)
            for of, replacement in replacements.items()
            if answer or of == prepared.target
        }
        changes[:3, layer, first:last] = attention.changes(streams[prepared.target], key)
        if on_answer is not None:
            done = (layer + first / model.n_heads) / head.layer
            work = on_answer.changes(streams, replacements)
            changes[3:, layer, first:last] = yield from constant_steps(work, done)
        yield (layer + last / model.n_heads) / head.layer
    return PathPatching(
        head=head,
        query=query,
        key=key,
        weight=float(attention.row[key]),
        by_query=changes[0],
        by_key=changes[1],
        by_value=changes[2],
        against=THE_FOIL if prepared.foil_in_same_pass else EVERY_OTHER,
        composition=scores,
        edge=edge,
        sharing=sharing(model, head),
        answer=AnswerChanges(scorer.metric, heads, *changes[3:]) if answer else None,
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


def _default_key(row: Float[Tensor, " key"], *, has_bos: bool) -> int:
    """The key with the largest weight; BOS only if no other weight reaches `RESTING`."""
    others = row[1:] if has_bos else row[:0]
    if len(others) and float(others.max()) >= RESTING:
        return 1 + int(others.argmax())
    return int(row.argmax())


def _chunks(scorer: Scorer, n_layers: int, edge: Edge, budget: int) -> Iterator[list[Head]]:
    """The heads of the first `n_layers` layers in chunks.

    A chunk has heads of one layer only and takes about half a second.
    """
    model, n_pos = scorer.model, len(scorer.start.tokens)
    flops = 8.0 * n_pos * model.d_model * model.n_heads * model.d_head
    flops += edge_flops(model, n_layers, n_pos, edge)
    by_time = int(CHUNK_FLOPS.get(model.device, CHUNK_FLOPS["cpu"]) / 2 / flops)
    size = max(1, min(by_time, rows_per_chunk(model, n_pos, 0, 0, budget)))
    for layer in range(n_layers):
        heads = [Head(layer, head) for head in range(model.n_heads)]
        for first in range(0, len(heads), size):
            yield heads[first : first + size]
