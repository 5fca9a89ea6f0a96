"""Measures a sweep's layer effects: whole layers, MLPs, and marked heads at position 0 alone."""

from collections.abc import Generator, Sequence

from core.engine.interventions import Intervention
from core.prompts.tokens import TokenizedAnswer
from core.results.layer_effects import LayerEffects
from core.results.result import Effect
from core.spec.heads import Head
from core.sweep.scorer import Scorer, effect


def iter_layer_effects(
    scorer: Scorer, heads: Sequence[Head]
) -> Generator[float, None, LayerEffects]:
    """Measure the layer effects of a sweep: yields the share done, returns them."""
    model = scorer.model
    replacements = yield from scorer.replacements()
    target = replacements[scorer.prepared.target]
    has_mlps = model.stack is not None and target.mlp_edit(0) is not None
    has_first = target.positions is None or 0 in target.positions
    chosen = list(heads) if has_first else []

    def rows(answer: TokenizedAnswer) -> list[Intervention]:
        replacement = replacements[answer]
        layers = range(model.n_layers)
        mlps = [replacement.mlp_edit(layer) for layer in layers] if has_mlps else []
        return [
            *(replacement.attention(layer, model.n_heads) for layer in layers),
            *((edit,) for edit in mlps if edit is not None),
            *((replacement.edit_at(head, 0),) for head in chosen),
        ]

    found: dict[int, Effect] = {}
    for scored in scorer.rows(rows):
        if scored.scores is not None:
            for row, index in enumerate(scored.indices):
                found[index] = effect(model, scored.scores, row, scorer.baseline)
        yield scored.fraction
    n = model.n_layers
    after = 2 * n if has_mlps else n
    return LayerEffects(
        tuple(found[i] for i in range(n)),
        tuple(found[n + i] if has_mlps else None for i in range(n)),
        {head: found[after + i] for i, head in enumerate(chosen)},
    )
