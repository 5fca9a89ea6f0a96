"""The engine: `run(model, tokens, interventions)` gives the answer's logits for every row.

Rows (one intervention each) share one growing pass over the model's own submodules where its
wiring is known (`families`), and batched full passes through hooks where it is not. Nothing that
two threads share is written to, and nothing is held while a caller looks at a result.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from core.engine.chunks import DEFAULT_MEMORY_BUDGET, Chunk, plan
from core.engine.clean import CleanRun, Parts, clean_parts, clean_run
from core.engine.edits import Edits
from core.engine.gradients import Gradients, gradients
from core.engine.growing import grow
from core.engine.interventions import Intervention
from core.errors import ModelError, is_memory_error
from core.model.loaded import LoadedModel

__all__ = [
    "DEFAULT_MEMORY_BUDGET",
    "Gradients",
    "Parts",
    "Rows",
    "Start",
    "begin",
    "gradients",
    "parts",
    "run",
    "run_from",
]


@dataclass(frozen=True, eq=False)
class Rows:
    """Some finished rows: their indices into the list of interventions, and their logits.

    There may be none: then it is only a moment at which a caller may stop. `fraction` is the
    share of all the work that is done.
    """

    indices: tuple[int, ...]
    logits: Float[Tensor, "row read vocab"]
    fraction: float


@dataclass(frozen=True, eq=False)
class Start:
    """A clean run that many lists of interventions can start from; read-only."""

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

    Rows come as they finish, deepest layers first, and each is finished: whoever iterates may
    stop at any time. The empty intervention `()` is the clean run. Rows are chunked to
    `memory_budget` bytes; one row is always run, whatever it takes.
    """
    yield from run_from(begin(model, tokens, read), interventions, memory_budget)


def begin(model: LoadedModel, tokens: Int[Tensor, " pos"], read: tuple[int, ...]) -> Start:
    """Run `tokens` without any intervention."""
    tokens = tokens.to(model.device)
    if model.stack is None:
        return Start(model, tokens, read, model.logits(tokens[None], read)[0], None)
    clean = clean_run(model.stack, tokens, torch.tensor(read, device=tokens.device))
    return Start(model, tokens, read, clean.logits, clean)


def parts(model: LoadedModel, tokens: Int[Tensor, "row pos"]) -> Parts:
    """What every head (and MLP, where the wiring is known) does on prompts of equal length."""
    tokens = tokens.to(model.device)
    if model.stack is not None:
        return clean_parts(model.stack, tokens)
    found: dict[int, Tensor] = {}

    def keep(layer: int, z: Tensor) -> Tensor:
        found[layer] = z
        return z

    with model.editing_z(keep):
        model.logits(tokens, (tokens.shape[1] - 1,))
    return Parts(torch.stack([found[layer] for layer in range(model.n_layers)]), None)


def run_from(
    start: Start,
    interventions: Sequence[Intervention],
    memory_budget: int = DEFAULT_MEMORY_BUDGET,
) -> Iterator[Rows]:
    """`run`, from a clean run that is at hand."""
    model = start.model
    waiting = deque(plan(model, interventions, len(start.tokens), start.read, memory_budget))
    total = sum(chunk.flops for chunk in waiting) or 1.0
    changed = {index for chunk in waiting for index in chunk.indices}
    same = tuple(i for i in range(len(interventions)) if i not in changed)
    if same:
        yield Rows(same, start.logits.expand(len(same), -1, -1), 0.0)
    none = start.logits.new_empty((0, *start.logits.shape))
    done = 0.0
    while waiting:
        chunk = waiting.popleft()
        rows = [interventions[i] for i in chunk.indices]
        steps = _grown(start, rows, chunk.start) if start.clean else _hooked(start, rows)
        logits = None
        try:
            while logits is None:
                try:
                    inside = next(steps)
                    yield Rows((), none, (done + inside * chunk.flops) / total)
                except StopIteration as finished:
                    logits = finished.value
        except (MemoryError, RuntimeError) as error:
            _check_smaller_fits(chunk, error)
        if logits is None:  # the memory ran out: these rows and all further ones in smaller chunks
            if model.device == "cuda":
                torch.cuda.empty_cache()
            waiting.appendleft(chunk)
            waiting = deque(half for each in waiting for half in _halved(each, len(chunk.indices)))
            continue
        done += chunk.flops
        yield Rows(chunk.indices, logits, min(1.0, done / total))


def _grown(
    start: Start, rows: list[Intervention], first: int
) -> Generator[float, None, Float[Tensor, "row read vocab"]]:
    assert start.model.stack is not None
    assert start.clean is not None
    read = torch.tensor(start.read, device=start.tokens.device)
    return grow(start.model.stack, start.clean, rows, first, read, start.model.value_shift)


def _hooked(
    start: Start, rows: list[Intervention]
) -> Generator[float, None, Float[Tensor, "row read vocab"]]:
    """A batched pass through the model's own code, with z replaced by the permanent hooks."""
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
    """Let an out-of-memory error pass where a smaller chunk may fit; raise any other."""
    if not is_memory_error(error):
        raise error
    if len(chunk.indices) == 1:
        raise ModelError(
            "The memory does not hold a single pass of this sweep: shorten the prompt, or choose "
            "bfloat16 or a smaller model."
        ) from error
