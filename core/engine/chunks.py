"""Which rows run in one batch: many for speed, few for memory and for frequent progress."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.engine.edits import first_layer, first_position
from core.engine.interventions import Intervention
from core.model.loaded import LoadedModel
from core.model.pieces import TILE

DEFAULT_MEMORY_BUDGET = 2 * 2**30
"""Bytes of activations that one chunk may use."""

CHUNK_FLOPS = {"cpu": 2e11, "cuda": 2e13}
"""Work of one chunk, about a second: in a long sweep, finished heads arrive at this rate."""


@dataclass(frozen=True)
class Chunk:
    """Rows that run in one batch, sorted by the first layer that they change.

    `start` is the first position that they change; `flops` is the work of the matrix products.
    """

    indices: tuple[int, ...]
    start: int
    flops: float

    def halves(self) -> "tuple[Chunk, Chunk]":
        """The same rows in two chunks."""
        middle = len(self.indices) // 2
        first, second = self.indices[:middle], self.indices[middle:]
        return (
            Chunk(first, self.start, self.flops / 2),
            Chunk(second, self.start, self.flops / 2),
        )


def plan(
    model: LoadedModel,
    interventions: Sequence[Intervention],
    n_pos: int,
    read: tuple[int, ...],
    memory_budget: int,
) -> list[Chunk]:
    """Split the rows into chunks, deepest layers first.

    Rows that cannot change the logits at the positions `read` are left out. All rows of a chunk
    have the same first changed position. A chunk has at least one row, even if that exceeds
    `memory_budget` (bytes).
    """
    chunks: list[Chunk] = []
    limit = CHUNK_FLOPS.get(model.device, CHUNK_FLOPS["cpu"])
    work = [row_flops(model, row, n_pos, len(read)) for row in interventions]
    groups: dict[int, list[int]] = {}
    for index, row in enumerate(interventions):
        groups.setdefault(first_position(row, n_pos), []).append(index)
    for start in sorted((s for s in groups if s <= max(read)), reverse=True):
        group = groups[start]
        group.sort(key=lambda i: -first_layer(interventions[i]))
        total = sum(work[i] for i in group)
        # Equal shares of about the limit; work a little above the limit stays one share.
        share = total / max(1, round(total / limit))
        most = rows_per_chunk(model, n_pos, start, len(read), memory_budget)
        chunks += _split(group, work, share, most, start)
    return chunks


def _split(
    group: list[int], work: Sequence[float], share: float, most: int, start: int
) -> list[Chunk]:
    chunks: list[Chunk] = []
    rows: list[int] = []
    flops = 0.0
    for index in group:
        if rows and (len(rows) == most or flops + work[index] / 2 > share):
            chunks.append(Chunk(tuple(rows), start, flops))
            rows, flops = [], 0.0
        rows.append(index)
        flops += work[index]
    chunks.append(Chunk(tuple(rows), start, flops))
    return [_shallowest_first(chunk) for chunk in chunks]


def _shallowest_first(chunk: Chunk) -> Chunk:
    """The chunk with its rows reversed: the growing pass adds rows in order of their layer."""
    return Chunk(chunk.indices[::-1], chunk.start, chunk.flops)


def row_flops(model: LoadedModel, intervention: Intervention, n_pos: int, n_read: int) -> float:
    """Floating-point operations of one row, in matrix products with weights."""
    unembed = 2.0 * n_read * model.d_model * model.d_vocab
    start = first_position(intervention, n_pos)
    if start == n_pos:
        return 0.0
    if model.stack is None:  # a whole pass
        return 2.0 * model.n_block_params * n_pos + unembed
    layers = model.n_layers - first_layer(intervention)
    return 2.0 * model.n_block_params / model.n_layers * layers * (n_pos - start) + unembed


def rows_per_chunk(
    model: LoadedModel, n_pos: int, start: int, n_read: int, memory_budget: int
) -> int:
    """How many rows fit into the budget in bytes, together with one clean run; at least one."""
    own = n_pos - (start if model.stack is not None else 0)
    # In memory at once in a block: the stream, its norm, q k v and their rotated copies, z twice.
    values = own * (8 * model.d_model + 3 * model.n_heads * model.d_head)
    tile = 0
    if model.stack is None or model.device != "cpu":
        values += own * 3 * model.d_mlp
    else:
        tile = 3 * TILE * model.d_mlp
    scores = 0  # attention scores, stored in float32 for every dtype of the model
    if model.stack is None or start > 0 or not model.fused_attention:
        scores = 3 * model.n_heads * own * n_pos
    size = 2 if model.dtype == "bfloat16" else 4
    # The logits in float32, and again while a few rows are scored in float64.
    per_row = size * values + 4 * (2 * n_read * model.d_vocab + scores)
    clean = model.n_layers * n_pos * (model.d_model + 3 * model.n_heads * model.d_head)
    return max(1, (memory_budget - size * (clean + tile)) // per_row)
