"""What is said of two runs beside each other, the same wherever a comparison is shown."""

from core.results.agreement import LARGEST
from core.results.comparison import Comparison
from core.results.differences import RunDifference
from core.results.metrics import Metric
from core.results.result import SweepResult
from core.text.numbers import signed
from core.text.words import Span, Words, bold, joined, phrase

NAMES = ("A", "B")
"""What the two runs are called, the first and the other."""

MOVED = phrase("Heads that moved most")
"""The heading of the heads whose effects differ most."""

DIFFERS = phrase("What differs between the runs")
"""The heading of `Comparison.differs`."""


def compared_words(metric: Metric) -> Words:
    """The heading of a comparison in one metric."""
    return phrase(f"{metric.title}, in ", bold(NAMES[0]), " and in ", bold(NAMES[1]))


def run_words(result: SweepResult, differs: tuple[RunDifference, ...]) -> Words:
    """What tells a run from the one that it is compared with, in a few words."""
    fields = [each.field for each in differs]
    spec = result.spec
    if "prompt" in fields or not fields:
        return phrase(spec.prompt)
    texts = {
        "model": spec.model,
        "model_fingerprint": f"weights {result.provenance.model_fingerprint[:8]}",
        "ablation": spec.ablation.label,
    }
    told = joined(" · ", (phrase(texts[field]) for field in fields if field in texts))
    return told or phrase(spec.in_words())


MANY = 40
"""Of fewer heads the strongest are no choice: ten of twelve are among them by chance."""


def comparison_words(comparison: Comparison) -> tuple[Words, ...]:
    """How far the runs' heads agree: rank correlations, and the strongest heads of both."""
    correlations = phrase(
        "Rank correlation of the heads (Spearman): ",
        _correlation(comparison.signed_correlation),
        " with their sign, ",
        _correlation(comparison.size_correlation),
        " by size alone.",
        *_among_largest(comparison),
    )
    if comparison.one.size < MANY:
        return (correlations,)
    most = max(map(len, comparison.strongest))
    shared = ", ".join(head.label for head in comparison.shared) or "none"
    return (
        correlations,
        phrase(
            f"Among the {most} strongest of both: {len(comparison.shared)} ({shared}); two lists "
            f"drawn at random share {comparison.shared_by_chance:.1f} on average."
        ),
    )


def _among_largest(comparison: Comparison) -> tuple[str | Span, ...]:
    """The same over the heads with the largest effects, where others are left out by that."""
    found = comparison.correlation
    if found is None or found.n_largest == found.n_heads or found.n_heads < MANY:
        return ()
    said = (
        f" Over the {found.n_largest} of {found.n_heads:,} heads that are among the {LARGEST} "
        "largest of either: "
    )
    return (said, _correlation(found.of_largest), " with their sign.")


def _correlation(value: float | None) -> Span:
    if value is None:
        return bold("not defined (one run gives every head the same value)")
    return bold(signed(value, 2))
