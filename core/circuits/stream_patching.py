"""Residual stream patching: where, on its way through the layers, is the answer decided?

Denoising, the corrupted run gets the clean run's residual stream before one layer at one position;
everything after it is recomputed (Meng et al. 2022, arXiv:2202.05262, who corrupt by noise;
Heimersheim and Nanda 2024, arXiv:2404.15255). Before layer 0 that exchanges the token; after the
last layer, at the position where the answer is read, it is the clean run. Noising is the same with
the two runs exchanged: the clean run is corrupted at one place.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from core.circuits.patching import Direction, OnAGap, both_runs, level
from core.circuits.residual_stream import known_stack
from core.engine import CleanStart
from core.engine.chunks import CHUNK_FLOPS, rows_per_chunk
from core.model.attention import attend
from core.model.loaded import LoadedModel
from core.model.stack import finish_block
from core.results.metrics import changes
from core.settings import settings
from core.spec.spec import SweepSpec
from core.text.jsonable import jsonable


@dataclass(frozen=True, eq=False)
class StreamPatching(OnAGap):
    """What the other run's stream at one layer and position restores of m, or breaks.

    m is the leading metric `metric`, in nats; `clean` and `corrupted` are m in the two runs.
    `values` are m(patched) - m(corrupted) for denoise and m(clean) - m(patched) for noise, NaN
    while not finished: row l is the stream before layer l, the last row the stream after the last
    layer. `tokens` are the clean prompt's token texts at `positions`.
    """

    direction: Direction
    metric: str
    positions: tuple[int, ...]
    tokens: tuple[str, ...]
    clean: float
    corrupted: float
    values: Float[np.ndarray, "layer position"]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types: `values` in nats, `normalised` in fractions of the gap or null."""
        shares = self.normalised
        return {
            "direction": self.direction.value,
            "metric": self.metric,
            "positions": list(self.positions),
            "tokens": list(self.tokens),
            "clean": jsonable(self.clean),
            "corrupted": jsonable(self.corrupted),
            "roles_turned": self.roles_turned,
            "values": jsonable(self.values),
            "normalised": None if shares is None else jsonable(shares),
            "complete": self.complete,
        }


def iter_stream_patching(
    model: LoadedModel,
    spec: SweepSpec,
    direction: Direction = Direction.DENOISE,
    memory_budget: int | None = None,
) -> Generator[tuple[float, StreamPatching], None, None]:
    """Patch the stream before every layer, and after the last, one position at a time.

    The positions are those that the spec ablates. Yields (share done, result so far), late layers
    first; the last result is complete. Raises `InputError` (field "corrupted_prompt") for a spec
    without a corrupted prompt, `UnavailableError` for a model whose wiring is not known.
    """
    known_stack(model)
    clean, corrupted = both_runs(model, spec)
    noise = direction is Direction.NOISE
    given, patched = (corrupted, clean) if noise else (clean, corrupted)
    prepared = clean.prepared
    budget = settings().memory_bytes if memory_budget is None else memory_budget
    chosen = prepared.positions or tuple(range(len(prepared.texts)))
    values = np.full((model.n_layers + 1, len(chosen)), np.nan)
    # Until the first token that differs the two streams are the same (causality).
    columns = [i for i, at in enumerate(chosen) if at >= prepared.first_change]
    values[:, [i for i in range(len(chosen)) if i not in columns]] = 0.0
    result = StreamPatching(
        direction=direction,
        metric=clean.metric.removesuffix("_change"),
        positions=chosen,
        tokens=tuple(prepared.texts[at] for at in chosen),
        clean=level(clean),
        corrupted=level(corrupted),
        values=values,
    )
    steps = list(_chunks(model, columns, len(patched.start.tokens), budget))
    for done, (layer, some) in enumerate(steps):
        at = [chosen[column] for column in some]
        logits = {
            theirs: _patched(given.start_of(own), patched.start_of(theirs), layer, at)
            for own, theirs in zip(given.answers, patched.answers, strict=True)
        }
        moved = changes(patched.scores_of(logits), patched.baseline)[patched.metric]
        values[layer, some] = 0.0 - moved if noise else moved
        yield (done + 1) / len(steps), replace(result, values=values.copy())
    yield 1.0, replace(result, values=values.copy())


def _chunks(
    model: LoadedModel, columns: list[int], n_pos: int, budget: int
) -> Iterator[tuple[int, list[int]]]:
    """(layer, some of the columns), late layers first; each takes about half a second."""
    for layer in range(model.n_layers, -1, -1):
        share = max(1, model.n_layers - layer) / model.n_layers
        flops = 2.0 * model.n_block_params * n_pos * share
        by_time = int(CHUNK_FLOPS.get(model.device, CHUNK_FLOPS["cpu"]) / 2 / flops)
        size = max(1, min(by_time, rows_per_chunk(model, n_pos, 0, 1, budget)))
        for first in range(0, len(columns), size):
            yield layer, columns[first : first + size]


@torch.inference_mode()
def _patched(
    given: CleanStart, patched: CleanStart, layer: int, positions: list[int]
) -> Float[Tensor, "row read vocab"]:
    """Logits of `patched` with the stream of `given` before `layer`, a row for each position."""
    stack, ours, theirs = known_stack(given.model), given.clean, patched.clean
    assert ours is not None
    assert theirs is not None
    last = layer == len(stack.blocks)
    new, old = (run.final if last else run.resid_pre[layer] for run in (ours, theirs))
    resid = old.repeat(len(positions), 1, 1)
    for row, at in enumerate(positions):
        if at < resid.shape[1]:  # else it is a position of the other, longer answer
            resid[row, at] = new[0, at]
    everywhere = torch.arange(resid.shape[1], device=resid.device)
    for block in stack.blocks[layer:]:
        z = attend(*block.qkv(resid, theirs.rotary), everywhere, block.scoring)
        resid = finish_block(block, resid, z)
    return stack.unembed(resid[:, list(patched.read)])
