"""One head under each kind of ablation: where they disagree, trust none alone."""

from collections.abc import Generator

from core.errors import InputError
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

    Resample needs the spec's own corrupted prompt, mean-positional a reference set of the spec's
    own that has the prompt's length.
    """
    found: ByKind = {}
    n_kinds = len(AblationKind)
    for number, kind in enumerate(AblationKind):
        under = _under(scorer, kind)
        if under is not None:
            work = _effect(under, head)
            found[kind] = yield from within(work, number / n_kinds, (number + 1) / n_kinds)
        yield (number + 1) / n_kinds
    return found


def _under(scorer: Scorer, kind: AblationKind) -> Scorer | None:
    """The scorer of the same sweep under a kind; None where the spec has not what it takes."""
    spec = scorer.prepared.spec
    if kind is spec.ablation:
        return scorer
    variant = with_kind(spec, kind)
    try:
        return None if variant is None else Scorer(scorer.model, variant)
    except InputError as error:
        if error.field == kind.traits.needs:  # a set for another kind, of other lengths
            return None
        raise


def _effect(scorer: Scorer, head: Head) -> Generator[float, None, HeadEffect]:
    replacements = yield from scorer.replacements()
    for rows in scorer.rows(lambda answer: [(replacements[answer].edit(head),)]):
        if rows.indices:
            return next(head_effects(scorer.model, rows, scorer.baseline, [head]))
        yield 1.0
    raise AssertionError("the engine finishes every row")
