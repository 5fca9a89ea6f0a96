"""Sets of heads ablated together, each set one row of one engine run."""

from collections.abc import Generator, Iterable, Sequence

from core.engine.interventions import Intervention
from core.progress import constant_steps, map_steps
from core.prompts.tokens import TokenizedAnswer
from core.results.result import Effect
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer, effect


def change(effect: Effect, metric: str) -> float:
    """An effect in a metric that its spec has."""
    value = getattr(effect, metric)
    assert value is not None
    return float(value)


def others_of(scorer: Scorer, heads: Iterable[Head]) -> tuple[Head, ...]:
    """Every head of the model but these."""
    kept = set(heads)
    model = scorer.model
    return tuple(h for h in all_heads(model.n_layers, model.n_heads) if h not in kept)


def joint_effects(
    scorer: Scorer, sets: Sequence[Sequence[Head]]
) -> Generator[tuple[int, float], None, tuple[Effect, ...]]:
    """Ablate each set: yields (sets done, share of the work done), returns one effect a set.

    All replacements of a layer are taken from the running, already ablated pass before any of its
    heads is overwritten. The empty set is the clean run.
    """
    replacements = yield from constant_steps(scorer.replacements(), (0, 0.0))

    def rows(answer: TokenizedAnswer) -> list[Intervention]:
        named = {head for each in sets for head in each}  # most heads are in most sets
        edits = {head: replacements[answer].edit(head) for head in named}
        return [tuple(edits[head] for head in each) for each in sets]

    found: dict[int, Effect] = {}
    for scored in scorer.rows(rows):
        if scored.scores is not None:
            for row, index in enumerate(scored.indices):
                found[index] = effect(scorer.model, scored.scores, row, scorer.baseline)
        yield len(found), scored.fraction
    return tuple(found[index] for index in range(len(sets)))


def ablate_sets(
    scorer: Scorer, sets: Sequence[Sequence[Head]]
) -> Generator[float, None, tuple[Effect, ...]]:
    """`joint_effects` for a caller who follows the share done only."""
    return (yield from map_steps(joint_effects(scorer, sets), lambda step: step[1]))
