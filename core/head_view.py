"""One head seen closely: where it looks, and what each kind of ablation does to it."""

from dataclasses import dataclass

import numpy as np

from core.ablation import AblationKind
from core.errors import InputError
from core.heads import Head
from core.interventions import Edit
from core.model import LoadedModel
from core.results import HeadEffect
from core.spec import SweepSpec
from core.sweep import Scorer, effects_of, prepare


@dataclass(frozen=True, eq=False)
class HeadView:
    """A head on one prompt.

    `pattern` (query, key): where each position looks; each row sums to 1. `tokens` labels both
    axes: the prompt, then a teacher-forced answer's tokens but the last. `by_kind` has the head's
    effect on the answer under each kind of ablation, everything else in the spec unchanged.
    """

    head: Head
    pattern: np.ndarray
    tokens: tuple[str, ...]
    by_kind: dict[AblationKind, HeadEffect]


def view_head(model: LoadedModel, spec: SweepSpec, head: Head) -> HeadView:
    """Measure one head of a sweep; raises `InputError` for a head the model does not have."""
    if not (0 <= head.layer < model.n_layers and 0 <= head.head < model.n_heads):
        raise InputError(
            "head",
            f"{model.name} has no {head.label}: its heads are L0H0 to "
            f"{Head(model.n_layers - 1, model.n_heads - 1).label}.",
        )
    prepared = prepare(model, spec)
    sequence = prepared.sequence(prepared.target)
    pattern = model.patterns(sequence.to(model.device))[head.layer, head.head].numpy()
    scorer = Scorer(model, prepared)
    kinds = list(AblationKind)
    interventions = [(Edit(head, kind, prepared.positions),) for kind in kinds]
    by_kind = {}
    for rows in scorer.rows(interventions):
        found = effects_of(model, rows, scorer.baseline, interventions)
        by_kind.update({kinds[i]: e for i, e in zip(rows.indices, found, strict=True)})
    answer = () if prepared.target.is_set else prepared.target.texts[:-1]
    return HeadView(head, pattern, prepared.prompt.texts + answer, by_kind)
