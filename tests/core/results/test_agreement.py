"""Do the kinds agree: specs of each, rank correlations worked by hand, the widest disputes."""

from dataclasses import replace

import numpy as np
import pytest

from core.results.agreement import (
    Correlation,
    agreement,
    correlation,
    rank_correlation,
    untried,
    with_kind,
)
from core.results.result import Baseline, HeadEffect, Provenance, SweepResult
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.spec.reference_set import DEFAULT
from core.spec.spec import SweepSpec

ZERO, MEAN = AblationKind.ZERO, AblationKind.MEAN
SPEC = SweepSpec("demo", "a b", " c")


def swept(changes):
    """A finished result whose changes of log prob are these, layer by head."""
    heads = tuple(
        HeadEffect(
            layer=layer,
            head=head,
            prob=0.5,
            prob_change=0.0,
            logprob_change=float(change),
            logodds_change=0.0,
            logit_diff_change=None,
            kl=0.0,
            rank=1,
            top=(),
        )
        for (layer, head), change in np.ndenumerate(np.array(changes))
    )
    return SweepResult(
        spec=replace(SPEC, prepend_bos=True),
        shape=np.shape(changes),
        tokens=("a", " b"),
        special=(False, False),
        target_tokens=(" c",),
        foil_tokens=(),
        baseline=Baseline(0.5, -0.7, 1, None, ()),
        heads=heads,
        provenance=Provenance("0", "0", "0", "f", "cpu", "float32", 1.0),
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([1, 2, 3], [10, 20, 300], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),  # 1 - 6 * 2 / (4 * 15)
        ([1, 1, 2], [1, 1, 5], 1.0),  # ties share their mean rank
        ([1, np.nan, 2, 3], [1, 9, 2, 3], 1.0),  # only where both have a value
        ([1, 1, 1], [1, 2, 3], None),
        ([1], [1], None),
    ],
)
def test_rank_correlation_by_hand(one, other, expected):
    found = rank_correlation(np.array(one, dtype=float), np.array(other, dtype=float))
    assert found == (None if expected is None else pytest.approx(expected))


def test_the_most_disputed_heads_come_first():
    results = {ZERO: swept([[0, -5], [1, 2]]), MEAN: swept([[0.5, 4], [1, 0]])}
    found = agreement(results, "logprob_change")
    assert found.kinds == (ZERO, MEAN)
    assert [head for head, _ in found.disputed] == [(0, 1), (1, 1), (0, 0), (1, 0)]
    assert found.disputed[0] == (Head(0, 1), (-5.0, 4.0))
    assert found.correlations[ZERO, MEAN] == Correlation(
        pytest.approx(-0.8),  # 1 - 6 * 18 / (4 * 15)
        4,
        pytest.approx(-0.8),
        4,
    )


def test_the_largest_of_either_kind_are_also_compared_alone():
    """A hundred heads that do nothing, in one order under both kinds, carry the correlation."""
    idle = np.arange(90) / 1e6
    large = np.arange(1.0, 11.0)
    one, other = np.concatenate([idle, large]), np.concatenate([idle, -large[::-1]])
    found = correlation(one, other)
    assert (found.n_heads, found.n_largest) == (100, 10)
    assert found.of_largest == pytest.approx(1.0)
    opposed = correlation(one, np.concatenate([idle, large[::-1]]))
    assert opposed.value > 0.99
    assert opposed.of_largest == pytest.approx(-1.0)
    apart = correlation(np.arange(30.0), np.arange(30.0)[::-1])
    assert apart.n_largest == 20


def test_resample_is_named_first_of_what_was_not_tried():
    assert untried({ZERO, MEAN})[0] is AblationKind.RESAMPLE
    assert untried(set(AblationKind)) == ()


def test_one_kind_is_no_comparison():
    with pytest.raises(ValueError, match="Two kinds"):
        agreement({ZERO: swept([[1.0]])}, "kl")


def test_each_kind_gets_what_it_needs_and_nothing_else():
    assert with_kind(SPEC, AblationKind.RESAMPLE) is None
    resampled = with_kind(SPEC, AblationKind.RESAMPLE, "x b")
    assert resampled.corrupted_prompt == "x b"
    back = with_kind(resampled, MEAN, reference=("a", "b"))
    assert (back.corrupted_prompt, back.reference) == (None, ("a", "b"))
    assert with_kind(back, ZERO) == replace(SPEC, ablation=ZERO)
    assert with_kind(back, MEAN) == back


def test_a_set_by_position_is_never_the_default_one_and_what_a_spec_holds_is_kept():
    positional = AblationKind.MEAN_POSITIONAL
    assert with_kind(SPEC, positional) is None
    assert with_kind(replace(SPEC, ablation=MEAN, reference=DEFAULT), positional) is None
    given = with_kind(SPEC, positional, reference=("x b",))
    assert (given.ablation, given.reference) == (positional, ("x b",))
    assert with_kind(given, MEAN).reference == ("x b",)
    asked = replace(SPEC, ablation=MEAN)
    assert with_kind(asked, MEAN, reference=("x b",)) == asked  # it asks for the default set
