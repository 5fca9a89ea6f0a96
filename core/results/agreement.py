"""Do the kinds of ablation agree? The same sweep under each, and how far they rank heads alike.

Faithfulness results depend heavily on the kind (Miller et al. 2024, arXiv:2407.08734), so a claim
about heads should hold under more than one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from core.results.result import SweepResult
from core.spec.ablation import AblationKind, Needs
from core.spec.heads import Head
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec

MOST_DISPUTED = 5
"""How many of the heads on which the kinds differ most are named."""
LARGEST = 10
"""How many heads of each kind, those with the largest effects, are also compared alone."""


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of two kinds, None where one gives all heads the same value.

    `value` is over every head (`n_heads`); `of_largest` over those alone, `n_largest`, that are
    among the `LARGEST` largest effects of either kind. Most heads of a model do next to nothing,
    and their order, which is rounding or nearly so, can carry the first one, or hide it.
    """

    value: float | None
    n_heads: int
    of_largest: float | None
    n_largest: int


@dataclass(frozen=True)
class Agreement:
    """How far several kinds of ablation agree on one metric.

    `correlations` has the rank correlations of each pair of kinds. `disputed` are
    (head, the metric under each kind), by the distance between the largest and the smallest, the
    widest first.
    """

    metric: str
    kinds: tuple[AblationKind, ...]
    correlations: Mapping[tuple[AblationKind, AblationKind], Correlation]
    disputed: tuple[tuple[Head, tuple[float, ...]], ...]


def with_kind(
    spec: SweepSpec,
    kind: AblationKind,
    corrupted_prompt: str | None = None,
    reference: tuple[str, ...] | None = None,
) -> SweepSpec | None:
    """The same sweep under another kind; None where what it needs is not at hand.

    What `spec` itself holds is kept; otherwise the given corrupted prompt or reference is used.
    Whether a reference set fits the prompt's length is for `prepare` to say; the default one,
    which no prompt asked for, does not count where that is asked.
    """
    if kind is spec.ablation:
        return spec
    needs = kind.traits.needs
    reference = spec.reference or reference
    if kind.traits.same_length and reference == DEFAULT:
        reference = None
    given = {
        Needs.CORRUPTED_PROMPT: spec.corrupted_prompt or corrupted_prompt or None,
        Needs.REFERENCE: reference,
    }
    if needs in given and given[needs] is None and not kind.traits.has_default:
        return None
    values = {each.value: value if each is needs else None for each, value in given.items()}
    return replace(spec, ablation=kind, **values)  # type: ignore[arg-type]


def agreement(results: Mapping[AblationKind, SweepResult], metric: str) -> Agreement:
    """Compare finished sweeps of one prompt; a ValueError for fewer than two kinds."""
    if len(results) < 2:
        raise ValueError("Two kinds of ablation at least are needed for a comparison.")
    kinds = tuple(results)
    values = {kind: results[kind].values(metric) for kind in kinds}
    correlations = {(a, b): correlation(values[a], values[b]) for a, b in combinations(kinds, 2)}
    stacked = np.stack([values[kind] for kind in kinds])
    spread = stacked.max(0) - stacked.min(0)
    order = np.argsort(-np.nan_to_num(spread), axis=None, kind="stable")[:MOST_DISPUTED]
    disputed = []
    for index in order:
        layer, head = divmod(int(index), spread.shape[1])
        disputed.append((Head(layer, head), tuple(float(v) for v in stacked[:, layer, head])))
    return Agreement(metric, kinds, correlations, tuple(disputed))


def correlation(one: np.ndarray, other: np.ndarray) -> Correlation:
    """How alike two kinds rank the heads: all of them, and the largest of either."""
    both = np.isfinite(one) & np.isfinite(other)
    x, y = one[both], other[both]
    largest = sorted({*_largest(x), *_largest(y)})
    return Correlation(
        rank_correlation(x, y), len(x), rank_correlation(x[largest], y[largest]), len(largest)
    )


def _largest(values: np.ndarray) -> list[int]:
    """The indices of the `LARGEST` values of the largest size."""
    found: list[int] = np.argsort(-np.abs(values), kind="stable")[:LARGEST].tolist()
    return found


def untried(kinds: Collection[AblationKind]) -> tuple[AblationKind, ...]:
    """The kinds that a comparison has not, those that put a run's own values in place first.

    Zero and the means agree among themselves more than with resampling, which replaces a head by
    what it writes in another run of the model (Zhang & Nanda 2023, arXiv:2309.16042).
    """
    missing = [kind for kind in AblationKind if kind not in kinds]
    return tuple(sorted(missing, key=lambda kind: kind is not AblationKind.RESAMPLE))


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rank correlation, ties sharing their mean rank, over entries that both have.

    None where it is not defined: fewer than two entries, or one side all equal.
    """
    both = np.isfinite(one) & np.isfinite(other)
    x, y = _ranks(one[both]), _ranks(other[both])
    if len(x) < 2 or x.std() == 0 or y.std() == 0:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, the mean rank for equal values."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    after = np.cumsum(counts)
    ranks: np.ndarray = (after - (counts + 1) / 2)[inverse]
    return ranks
