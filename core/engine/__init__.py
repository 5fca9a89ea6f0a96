"""The engine: `run(model, tokens, interventions)` yields the answer's logits for every row.

A row is one intervention. If the model's wiring is known (`core.model.families`), rows share one
growing pass over the model's own submodules; else they run in batched full passes through hooks.
The engine writes to nothing that threads share, and holds no lock while a caller has a result.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine.chunks import DEFAULT_MEMORY_BUDGET, Chunk, plan
from core.engine.clean import CleanRun, HeadAndMlpOutputs, clean_parts, clean_run
from core.engine.edits import Edits
from core.engine.gradients import Gradients, gradients
from core.engine.growing import grow
from core.engine.interventions import Intervention
from core.errors import ModelError, is_memory_error
from core.model.loaded import LoadedModel

__all__ = [
    "DEFAULT_MEMORY_BUDGET",
    "CleanStart",
    "Gradients",
    "HeadAndMlpOutputs",
    "Rows",
    "begin",
    "gradients",
    "parts",
    "run",
    "run_from",
]


@dataclass(frozen=True, eq=False)
class Rows:
    """Some finished rows: their indices in the list of interventions, and their logits.

    `indices` may be empty: then this only reports progress and lets the caller stop. `fraction` is
    the share of all work that is done.
    """

    indices: tuple[int, ...]
    logits: Float[Tensor, "row read vocab"]
    fraction: float


@dataclass(frozen=True, eq=False)
class CleanStart:
    """The clean run on a prompt, from which many lists of interventions can start; read-only.

    `logits` are those at the positions `read`. `clean` is None if the wiring is not known.
    """

    model: LoadedModel
    tokens: Int[Tensor, " pos"]
    read: tuple[int, ...]
    logits: Float[Tensor, "read vocab"]
    clean: CleanRun | None


def run(
    model: LoadedModel,
    tokens: Int[Tensor, " pos"],
    interventions: Sequence[Intervention],
    read: tuple[int, ...],
    memory_budget: int = DEFAULT_MEMORY_BUDGET,
) -> Iterator[Rows]:
    """Run every intervention on `tokens` and yield the logits at the positions `read`.

    Finished rows are yielded at once, deepest layers first, and the caller may stop at any time.
    The empty intervention `()` is the clean run. Rows run in chunks that fit `memory_budget` bytes;
    a single row is run even if it needs more.
    """
    yield from run_from(start_clean(model, tokens, read), interventions, memory_budget)


def start_clean(
    model: LoadedModel, tokens: Int[Tensor, " pos"], read: tuple[int, ...]
) -> CleanStart:
    """Do the clean run on `tokens`."""
    tokens = tokens.to(model.device)
    if model.stack is None:
        return CleanStart(model, tokens, read, model.logits(tokens[None], read)[0], None)
    clean = clean_run(model.stack, tokens, torch.tensor(read, device=tokens.device))
    return CleanStart(model, tokens, read, clean.logits, clean)


def head_and_mlp_outputs(model: LoadedModel, tokens: Int[Tensor, "row pos"]) -> HeadAndMlpOutputs:
    """Z of every head, and each MLP's output if the wiring is known, on prompts of equal length."""
    tokens = tokens.to(model.device)
    if model.stack is not None:
        return clean_parts(model.stack, tokens)
    z_by_layer: dict[int, Tensor] = {}

    def keep(layer: int, z: Tensor) -> Tensor:
        z_by_layer[layer] = z
        return z

    with model.editing_z(keep):
        model.logits(tokens, (tokens.shape[1] - 1,))
    return HeadAndMlpOutputs(
        torch.stack([z_by_layer[layer] for layer in range(model.n_layers)]), None
    )


def run_from(
    start: CleanStart,
    interventions: Sequence[Intervention],
    memory_budget: int = DEFAULT_MEMORY_BUDGET,
) -> Iterator[Rows]:
    """`run`, with a clean run that was done before."""
    model = start.model
    waiting = deque(plan(model, interventions, len(start.tokens), start.read, memory_budget))
    total = sum(chunk.flops for chunk in waiting) or 1.0
    changed = {index for chunk in waiting for index in chunk.indices}
    unchanged = tuple(i for i in range(len(interventions)) if i not in changed)
    if unchanged:
        yield Rows(unchanged, start.logits.expand(len(unchanged), -1, -1), 0.0)
    no_logits = start.logits.new_empty((0, *start.logits.shape))
    done = 0.0
    while waiting:
        chunk = waiting.popleft()
        rows = [interventions[i] for i in chunk.indices]
        steps = _grown(start, rows, chunk.start) if start.clean else _hooked(start, rows)
        logits = None
        try:
            while logits is None:
                try:
                    fraction = next(steps)
                    yield Rows((), no_logits, (done + fraction * chunk.flops) / total)
                except StopIteration as finished:
                    logits = finished.value
        except (MemoryError, RuntimeError) as error:
            _check_smaller_fits(chunk, error)
        if logits is None:  # out of memory: run these and all remaining rows in smaller chunks
            if model.device == "cuda":
                torch.cuda.empty_cache()
            waiting.appendleft(chunk)
            too_many = len(chunk.indices)
            waiting = deque(half for chunk in waiting for half in _halved(chunk, too_many))
            continue
        done += chunk.flops
        yield Rows(chunk.indices, logits, min(1.0, done / total))


def _grown(
    start: CleanStart, rows: list[Intervention], first: int
) -> Generator[float, None, Float[Tensor, "row read vocab"]]:
    assert start.model.stack is not None
    assert start.clean is not None
    read = torch.tensor(start.read, device=start.tokens.device)
    return grow(start.model.stack, start.clean, rows, first, read, start.model.value_shift)


def _hooked(
    start: CleanStart, rows: list[Intervention]
) -> Generator[float, None, Float[Tensor, "row read vocab"]]:
    """A batched pass through the model's own code, in which the permanent hooks replace z."""
    model, n_pos = start.model, len(start.tokens)
    edits = Edits(rows, model.value_shift, n_pos)
    if edits.has_mlps:
        raise ModelError(f"The MLPs of {model.name!r} cannot be edited: its wiring is not known.")
    yield 0.0
    with model.editing_z(edits.apply):
        return model.logits(start.tokens.expand(len(rows), -1), start.read)


def _halved(chunk: Chunk, too_many: int) -> tuple[Chunk, ...]:
    return (chunk,) if len(chunk.indices) <= too_many // 2 else chunk.halves()


def _check_smaller_fits(chunk: Chunk, error: Exception) -> None:
    """Return if the error is out of memory and a smaller chunk may fit; else raise."""
    if not is_memory_error(error):
        raise error
    if len(chunk.indices) == 1:
        raise ModelError(
            "The memory does not hold a single pass of this sweep: shorten the prompt, or choose "
            "bfloat16 or a smaller model."
        ) from error
