"""What is said of two runs has the comparison's numbers, and tells the runs apart."""

from dataclasses import replace

import numpy as np
import pytest

from core.demo import example
from core.results.comparison import compare
from core.results.comparison_words import compared_words, comparison_words, run_words
from core.results.metrics import KL
from core.spec.heads import Head
from core.text.words import Style, phrase, plain

RESULT = example.saved()
SAME = compare(RESULT, RESULT, "kl")
FOUND = replace(
    SAME,
    one=np.zeros((6, 10)),
    correlation=replace(SAME.correlation, n_heads=60),
    signed_correlation=-0.125,
    size_correlation=0.5,
    strongest=((Head(0, 0), Head(1, 2)), (Head(1, 2), Head(0, 3), Head(1, 1))),
)


def changed(**changes):
    return replace(RESULT, spec=replace(RESULT.spec, **changes), _index={})


def bold_in(words):
    return [span.text for span in words if span.style is Style.BOLD]


def test_the_sentences_by_hand():
    correlation, strongest = comparison_words(FOUND)
    assert plain(correlation) == (
        "Rank correlation of the heads (Spearman): −0.12 with their sign, +0.50 by size alone. "
        "Over the 10 of 60 heads that are among the 10 largest of either: +1.00 with their sign."
    )
    assert bold_in(correlation) == ["−0.12", "+0.50", "+1.00"]
    # Two of sixty heads and three of sixty: 2 * 3 / 60 of them at random.
    assert plain(strongest) == (
        "Among the 3 strongest of both: 1 (L1H2); two lists drawn at random share 0.1 on average."
    )


def test_of_few_heads_none_are_the_strongest():
    (correlation,) = comparison_words(replace(SAME, signed_correlation=-0.125))
    assert plain(correlation) == (
        "Rank correlation of the heads (Spearman): −0.12 with their sign, +1.00 by size alone."
    )


def test_what_is_not_there_is_said():
    found = replace(FOUND, size_correlation=None, strongest=((Head(0, 0),), (Head(0, 1),)))
    correlation, strongest = map(plain, comparison_words(found))
    assert "not defined (one run gives every head the same value) by size alone" in correlation
    assert "both: 0 (none)" in strongest


def test_the_heading_names_the_metric_and_the_runs():
    words = compared_words(KL)
    assert plain(words) == f"{KL.title}, in A and in B"
    assert bold_in(words) == ["A", "B"]


@pytest.mark.parametrize(
    ("changes", "one", "other"),
    [
        ({}, RESULT.spec.prompt, RESULT.spec.prompt),
        ({"prompt": "a <b> c"}, RESULT.spec.prompt, "a <b> c"),
        ({"ablation": "zero"}, "mean across heads", "zero"),
        ({"positions": "last"}, RESULT.spec.in_words(), changed(positions="last").spec.in_words()),
    ],
)
def test_a_run_is_told_by_what_it_does_not_share(changes, one, other):
    result = changed(**changes)
    differs = compare(RESULT, result, "kl").differs
    assert run_words(RESULT, differs) == phrase(one)
    assert run_words(result, differs) == phrase(other)
