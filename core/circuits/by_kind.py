"""One head under each kind of ablation: where they disagree, trust none alone."""

from collections.abc import Generator

from core.progress import within
from core.results.agreement import with_kind
from core.results.result import HeadEffect
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep.scorer import Scorer, head_effects

ByKind = dict[AblationKind, HeadEffect]
"""A head's effect under each kind; everything else in the spec is the same."""


def by_kind(scorer: Scorer, head: Head) -> Generator[float, None, ByKind]:
    """Ablate a head in every way that the spec has what it takes for: yields the share done.

    Resample needs the spec's own corrupted prompt.
    """
    found: ByKind = {}
    n_kinds = len(AblationKind)
    for number, kind in enumerate(AblationKind):
        variant = with_kind(scorer.prepared.spec, kind)
        if variant is not None:
            same = kind is scorer.prepared.spec.ablation
            work = _effect(scorer if same else Scorer(scorer.model, variant), head)
            found[kind] = yield from within(work, number / n_kinds, (number + 1) / n_kinds)
        yield (number + 1) / n_kinds
    return found


def _effect(scorer: Scorer, head: Head) -> Generator[float, None, HeadEffect]:
    replacements = yield from scorer.replacements()
    for rows in scorer.rows(lambda answer: [(replacements[answer].edit(head),)]):
        if rows.indices:
            return next(head_effects(scorer.model, rows, scorer.baseline, [head]))
        yield 1.0
    raise AssertionError("the engine finishes every row")
