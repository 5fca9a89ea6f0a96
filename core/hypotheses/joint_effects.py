"""Ablate sets of heads together: each set is one batch row of one engine run."""

from collections.abc import Generator, Iterable, Sequence

from core.engine.interventions import Intervention
from core.progress import constant_steps, map_steps
from core.prompts.tokens import TokenizedAnswer
from core.results.result import Effect
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer, effect


def change(effect: Effect, metric: str) -> float:
    """The value of an effect in one metric, which must have a value for its spec."""
    value = getattr(effect, metric)
    assert value is not None
    return float(value)


def others_of(scorer: Scorer, heads: Iterable[Head]) -> tuple[Head, ...]:
    """Every head of the model that is not in `heads`."""
    kept = set(heads)
    model = scorer.model
    return tuple(h for h in all_heads(model.n_layers, model.n_heads) if h not in kept)


def joint_effects(
    scorer: Scorer, sets: Sequence[Sequence[Head]]
) -> Generator[tuple[int, float], None, tuple[Effect, ...]]:
    """Ablate each set of heads together, and return one effect per set.

    Yields (sets done, share of the work done). The replacements of a layer are computed from the
    running pass, in which earlier layers are already ablated, before any head of the layer is
    overwritten. The empty set is the clean run.
    """
    replacements = yield from constant_steps(scorer.replacements(), (0, 0.0))

    def rows(answer: TokenizedAnswer) -> list[Intervention]:
        needed = {head for heads in sets for head in heads}  # most heads are in most sets
        edits = {head: replacements[answer].edit(head) for head in needed}
        return [tuple(edits[head] for head in heads) for heads in sets]

    effects: dict[int, Effect] = {}
    for scored in scorer.rows(rows):
        if scored.scores is not None:
            for row, index in enumerate(scored.indices):
                effects[index] = effect(scorer.model, scored.scores, row, scorer.baseline)
        yield len(effects), scored.fraction
    return tuple(effects[index] for index in range(len(sets)))


def ablate_sets(
    scorer: Scorer, sets: Sequence[Sequence[Head]]
) -> Generator[float, None, tuple[Effect, ...]]:
    """`joint_effects`, which yields the share of the work done only."""
    return (yield from map_steps(joint_effects(scorer, sets), lambda step: step[1]))
