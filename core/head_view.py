"""One head seen closely: where it looks, and what each kind of ablation does to it."""

from dataclasses import dataclass

import numpy as np

from core.ablation import AblationKind
from core.circuits.by_kind import by_kind
from core.circuits.saying import next_token
from core.heads import Head, check_head
from core.models.loaded import LoadedModel
from core.progress import drained
from core.prompts.tokens import token_text
from core.results import HeadEffect
from core.scoring import Scorer
from core.spec import SweepSpec

SHOWN = 5
"""How many of the likeliest tokens of either run are compared."""


@dataclass(frozen=True, eq=False)
class HeadView:
    """A head on one prompt.

    `pattern` (query, key): where each position looks; each row sums to 1. `tokens` labels both
    axes: the prompt, then a teacher-forced answer's tokens but the last. `by_kind` has the head's
    effect on the answer under each kind of ablation, everything else in the spec unchanged
    (resample only where the spec has a corrupted prompt). `predictions` are (token, probability
    before, after) for the likeliest next tokens of either run and the target's first, ordered by
    the probability before.
    """

    head: Head
    pattern: np.ndarray
    tokens: tuple[str, ...]
    by_kind: dict[AblationKind, HeadEffect]
    predictions: tuple[tuple[str, float, float], ...]


def view_head(model: LoadedModel, spec: SweepSpec, head: Head) -> HeadView:
    """Measure one head of a sweep; raises `InputError` for a head the model does not have."""
    check_head(head, (model.n_layers, model.n_heads), model.name)
    own = Scorer(model, spec)
    prepared = own.prepared
    sequence = prepared.sequence(prepared.target)
    answer = () if prepared.target.is_set else prepared.target.texts[:-1]
    return HeadView(
        head=head,
        pattern=model.pattern(sequence.to(model.device), head).numpy(),
        tokens=prepared.prompt.texts + answer,
        by_kind=drained(by_kind(own, head)),
        predictions=_predictions(own, head),
    )


def _predictions(scorer: Scorer, head: Head) -> tuple[tuple[str, float, float], ...]:
    """Next-token probabilities with and without the head, for the tokens worth a look."""
    model, prepared = scorer.model, scorer.prepared
    target = prepared.target
    before, after = next_token(scorer, head)
    count = min(SHOWN, len(before))
    ids = {*before.topk(count).indices.tolist(), *after.topk(count).indices.tolist()}
    ids |= {option[0] for option in target.options[:SHOWN]}
    order = sorted(ids, key=lambda i: -float(before[i]))
    return tuple((token_text(model.tokenizer, i), float(before[i]), float(after[i])) for i in order)
