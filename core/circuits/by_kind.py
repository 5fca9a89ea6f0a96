"""One head under every kind of ablation: where the kinds disagree, do not trust a single one."""

from collections.abc import Generator

from core.errors import InputError
from core.progress import within
from core.results.agreement import with_kind
from core.results.result import HeadEffect
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.sweep.scorer import Scorer, head_effects

ByKind = dict[AblationKind, HeadEffect]
"""One head's effect under each kind of ablation; the rest of the spec is the same."""


def by_kind(scorer: Scorer, head: Head) -> Generator[float, None, ByKind]:
    """Ablate a head with every kind for which the spec has the inputs; yields the share done.

    Resample is left out if the spec has no corrupted prompt, mean-positional if it has no reference
    set of the prompt's length.
    """
    effects: ByKind = {}
    n_kinds = len(AblationKind)
    for number, kind in enumerate(AblationKind):
        under = _under(scorer, kind)
        if under is not None:
            work = _effect(under, head)
            effects[kind] = yield from within(work, number / n_kinds, (number + 1) / n_kinds)
        yield (number + 1) / n_kinds
    return effects


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
