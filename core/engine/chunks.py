"""Which rows run together: enough to be fast, few enough to fit the memory and to show progress."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.engine.edits import first_layer, first_position
from core.engine.interventions import Intervention
from core.model.loaded import LoadedModel
from core.model.pieces import TILE

DEFAULT_MEMORY_BUDGET = 2 * 2**30
"""Bytes of activations that one chunk may take."""

CHUNK_FLOPS = {"cpu": 2e11, "cuda": 2e13}
"""Work of one chunk, about a second: finished heads come at this pace in a long sweep."""


@dataclass(frozen=True)
class Chunk:
    """Rows that run together, by their first changed layer, and where the earliest change is.

    `flops` is the work of its matrix products.
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
    """The rows that change something that is read, in chunks, deepest layers first.

    The rows of a chunk are first changed at the same position. A chunk always has a row, whatever
    it takes. Rows that change nothing are left out.
    """
    found: list[Chunk] = []
    limit = CHUNK_FLOPS.get(model.device, CHUNK_FLOPS["cpu"])
    work = [row_flops(model, row, n_pos, len(read)) for row in interventions]
    groups: dict[int, list[int]] = {}
    for index, row in enumerate(interventions):
        groups.setdefault(first_position(row, n_pos), []).append(index)
    for start in sorted((s for s in groups if s <= max(read)), reverse=True):
        group = groups[start]
        group.sort(key=lambda i: -first_layer(interventions[i]))
        total = sum(work[i] for i in group)
        # As many equal shares as the limit asks for; a little more than one is still one.
        share = total / max(1, round(total / limit))
        most = rows_per_chunk(model, n_pos, start, len(read), memory_budget)
        found += _split(group, work, share, most, start)
    return found


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
    return [_by_layer_from_the_first(chunk) for chunk in chunks]


def _by_layer_from_the_first(chunk: Chunk) -> Chunk:
    """A growing batch takes its rows up in the order in which they enter."""
    return Chunk(chunk.indices[::-1], chunk.start, chunk.flops)


def row_flops(model: LoadedModel, intervention: Intervention, n_pos: int, n_read: int) -> float:
    """Floating-point operations of the matrix products with weights that one row needs."""
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
    """How many rows fit the budget in bytes, beside one clean run; at least one."""
    own = n_pos - (start if model.stack is not None else 0)
    # Live at once in a block: the stream, its norm, q k v and their rotated copies, z twice.
    values = own * (8 * model.d_model + 3 * model.n_heads * model.d_head)
    tile = 0
    if model.stack is None or model.device != "cpu":
        values += own * 3 * model.d_mlp
    else:
        tile = 3 * TILE * model.d_mlp
    scores = 0  # written out in float32, whatever the model computes in
    if model.stack is None or start > 0 or not model.fused_attention:
        scores = 3 * model.n_heads * own * n_pos
    size = 2 if model.dtype == "bfloat16" else 4
    # The logits as the model gives them, and while a few rows of them are scored in double.
    per_row = size * (values + 2 * n_read * model.d_vocab) + 4 * scores
    clean = model.n_layers * n_pos * (model.d_model + 3 * model.n_heads * model.d_head)
    return max(1, (memory_budget - size * (clean + tile)) // per_row)
