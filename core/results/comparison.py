"""Two finished sweeps beside each other: which heads do more in one than in the other?

The runs may differ in prompt, target, model (of the same shape), ablation, positions or weights;
what they differ in, and what follows from it, is part of the comparison.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.results.agreement import Correlation, correlation, rank_correlation
from core.results.differences import RunDifference, run_caveats, run_differences
from core.results.metrics import BY_FIELD, FIELDS, Metric
from core.results.result import SweepResult
from core.spec.heads import Head, all_heads

STRONGEST = 10
"""How many of each run's strongest heads are held against the other's."""


@dataclass(frozen=True)
class Moved:
    """One head in both runs, in the unit of a result; `difference` is other - one."""

    head: Head
    one: float
    other: float
    difference: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """One metric of two runs, head by head; arrays are (layer, head), in the unit of a result.

    A probability is a fraction, logs are natural, `difference` is other - one. The correlations
    are Spearman's, of the effects with their sign and of their sizes (None where one run gives
    every head the same value); `correlation` is the signed one over all heads and over the largest.
    `moved` has every head, the largest |difference| first, ties in
    head order. `strongest` are each run's `STRONGEST` heads by |value|, those without any effect
    left out; `shared` are those of the first run's that are among the other's too.
    """

    metric: str
    one: np.ndarray
    other: np.ndarray
    difference: np.ndarray
    signed_correlation: float | None
    size_correlation: float | None
    moved: tuple[Moved, ...]
    strongest: tuple[tuple[Head, ...], tuple[Head, ...]]
    differs: tuple[RunDifference, ...]
    caveats: tuple[str, ...]
    correlation: Correlation | None = None

    @property
    def shared(self) -> tuple[Head, ...]:
        """The heads that are among the strongest of both runs, in the first one's order."""
        return tuple(head for head in self.strongest[0] if head in self.strongest[1])

    @property
    def shared_by_chance(self) -> float:
        """How many two lists of these lengths share on average when they are drawn at random."""
        return len(self.strongest[0]) * len(self.strongest[1]) / self.one.size


def compare(one: SweepResult, other: SweepResult, metric: str) -> Comparison:
    """Hold two finished sweeps against each other on one metric.

    Raises `InputError` for an unknown metric, shapes that differ, a sweep that is not finished,
    or a metric that one of them lacks (the logit difference without a foil).
    """
    _check(one, other, metric)
    a, b = one.values(metric), other.values(metric)
    difference = b - a
    differs = run_differences(one, other)
    return Comparison(
        metric=metric,
        one=a,
        other=b,
        difference=difference,
        signed_correlation=rank_correlation(a, b),
        size_correlation=rank_correlation(np.abs(a), np.abs(b)),
        moved=tuple(
            Moved(head, float(a[head]), float(b[head]), float(difference[head]))
            for head in _by_size(difference)
        ),
        strongest=(_strongest(a), _strongest(b)),
        differs=differs,
        caveats=tuple(_caveats(one, other, differs, metric)),
        correlation=correlation(a, b),
    )


def _check(one: SweepResult, other: SweepResult, metric: str) -> None:
    if metric not in FIELDS:
        raise InputError("metric", f"{metric!r} is not a metric: use one of {', '.join(FIELDS)}.")
    if one.shape != other.shape:
        a, b = ("{} × {}".format(*run.shape) for run in (one, other))
        raise InputError(
            "other",
            f"The first run is of {one.spec.model} ({a}, layers × heads), the second of "
            f"{other.spec.model} ({b}): heads can be held against each other only where both "
            "models have as many. Choose two runs of models of one shape.",
        )
    for field, which, run in (("one", "first", one), ("other", "second", other)):
        if not run.complete:
            raise InputError(
                field,
                f"The {which} run has {len(run.heads):,} of its {run.shape[0] * run.shape[1]:,} "
                "heads: let it finish, or sweep it again, and compare then.",
            )
        if np.isnan(run.values(metric)).any():
            raise InputError("metric", _lacking(which, run, BY_FIELD[metric]))


def _lacking(which: str, run: SweepResult, metric: Metric) -> str:
    if metric.needs_foil and run.spec.foil is None:
        return (
            f"The {which} run ({run.spec.model}) has no foil, so no logit difference: sweep it "
            "again with a foil, or choose another metric."
        )
    if not metric.measures(run):
        return (
            f"The {which} run ({run.spec.model}) is from a Headsweep that did not measure the "
            f"{metric.short}: sweep it again, or choose another metric."
        )
    return f"The {which} run lacks {metric.field} for some of its heads: choose another metric."


def _by_size(values: np.ndarray) -> list[Head]:
    """Every head, the largest absolute value first; ties in head order."""
    return sorted(all_heads(*values.shape), key=lambda head: -abs(float(values[head])))


def _strongest(values: np.ndarray) -> tuple[Head, ...]:
    return tuple(head for head in _by_size(values)[:STRONGEST] if values[head] != 0)


def _caveats(
    one: SweepResult, other: SweepResult, differs: tuple[RunDifference, ...], metric: str
) -> Iterator[str]:
    a, b = one.values(metric), other.values(metric)
    if not differs:
        yield _equal_runs(one, other, float(np.abs(a - b).max()))
    yield from run_caveats(one, other, differs, metric)
    of = BY_FIELD[metric]
    least = of.notable / of.factor
    said = f"{of.notable:g} {'percentage point' if of.unit == 'pp' else of.unit}"
    slight = int(((np.abs(a) < least) & (np.abs(b) < least)).sum())
    if slight > a.size / 2:
        yield (
            f"{slight:,} of {a.size:,} heads are under {said} in both runs: a rank correlation "
            "counts each of them as much as the strongest."
        )


def _equal_runs(one: SweepResult, other: SweepResult, largest: float) -> str:
    """Of two runs whose specs and weights are the same."""
    begun = "Nothing differs between the runs: the same weights, prompt and settings"
    if largest == 0:
        return f"{begun}, and every value is the same."
    apart = f"{largest:.1e}".replace("-", "−")
    machines = [f"{run.provenance.device}, torch {run.provenance.torch}" for run in (one, other)]
    return (
        f"{begun}. Values still differ by up to {apart}, as rounding on another machine or "
        f"version may do ({machines[0]} and {machines[1]})."
    )
