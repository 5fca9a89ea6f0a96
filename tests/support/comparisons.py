"""What the comparison page is asked for by its address, and whether it shows two runs."""

from typing import Any

import numpy as np

from core.exports import links
from core.results.comparison import compare
from core.results.comparison_words import comparison_words
from core.results.leading import opening
from core.results.metrics import BY_FIELD
from core.results.result import SweepResult
from core.spec.spec import SweepSpec
from core.text.numbers import signed
from core.text.words import plain


def sides(a: SweepSpec, b: SweepSpec) -> dict[str, list[str]]:
    """The address that compares two sweeps."""
    return links.to_params(a, "a.") | links.to_params(b, "b.")


def is_shown(
    page: Any,
    one: SweepResult,
    other: SweepResult,
    metric: str = "",
) -> None:
    """Both runs' numbers and their difference are on the page, in a session or in a browser.

    In a metric: the one that the two open on unless one is given.
    """
    metric = metric or opening(one, other).metric.field
    factor = BY_FIELD[metric].factor
    found = compare(one, other, metric)
    # Two metrics may have one correlation: the heading tells that the page is drawn anew.
    page.wait_text("comparison", f"{BY_FIELD[metric].title}, in A and in B")
    page.wait_text(
        "comparison",
        f"Spearman): {signed(found.signed_correlation, 2)} with their sign, "
        f"{signed(found.size_correlation, 2)} by size alone",
    )
    page.settle()
    for panel, values in enumerate((found.one, found.other, found.difference)):
        shown = np.array(page.values_of("comparison_maps", panel))
        assert np.allclose(shown, factor * values, atol=1e-3)
    points = page.points_of("comparison_scatter")
    assert np.allclose(sorted(points[0]), np.sort(factor * found.one.ravel()), atol=1e-3)
    assert np.allclose(sorted(points[1]), np.sort(factor * found.other.ravel()), atol=1e-3)
    for said in comparison_words(found):
        assert plain(said) in page.text("comparison")
