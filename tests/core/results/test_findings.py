"""Findings say what was measured, in order, and with the caveats that apply."""

import math
from dataclasses import replace

import pytest
from support.specs import needed

from core.results.findings import LARGEST, NAMED, findings, thirds
from core.results.metrics import KL, LOGODDS, METRICS, PROB
from core.results.result import Baseline, HeadEffect, Provenance, SweepResult
from core.spec.ablation import AblationKind
from core.spec.spec import SweepSpec

NOTABLE = PROB.notable / PROB.factor


def result(changes, *, shape=(6, 2), prob=0.5, rank=1, target=" c", pieces=(" c",), **options):
    """A sweep in which head number n (layer by layer) changes the probability by changes[n]."""
    heads = tuple(
        HeadEffect(
            layer=n // shape[1],
            head=n % shape[1],
            prob=prob + c,
            prob_change=c,
            logprob_change=c,
            logodds_change=c,
            logit_diff_change=None,
            kl=0.1,
            rank=1,
            top=((" c", prob),),
        )
        for n, c in enumerate(changes)
    )
    return SweepResult(
        spec=SweepSpec("demo", "a b", target, prepend_bos=True, **options),
        shape=shape,
        tokens=("a", " b"),
        special=(False, False),
        target_tokens=pieces,
        foil_tokens=(),
        baseline=Baseline(prob, math.log(prob), rank, None, ((" c", prob),)),
        heads=heads,
        provenance=Provenance("0", "0", "0", "f", "cpu", "float32", 1.0),
    )


def test_largest_first_in_each_direction():
    found = findings(result([-0.1, 0.2, -0.3, 0.05, -0.2, 0.0, -0.15, 0.3]))
    assert [e.prob_change for e in found.lowered] == [-0.3, -0.2, -0.15]
    assert [e.prob_change for e in found.raised] == [0.3, 0.2, 0.05]
    assert len(found.lowered) == NAMED
    assert (found.n_notable, found.n_heads) == (7, 8)


def test_small_changes_are_not_named():
    found = findings(result([-NOTABLE, NOTABLE, -NOTABLE * 0.99, NOTABLE * 0.99]))
    assert [e.address for e in found.lowered] == [(0, 0)]
    assert [e.address for e in found.raised] == [(0, 1)]
    assert found.n_notable == 2


def test_nothing_notable_names_nobody():
    found = findings(result([0.0] * 12))
    assert found.lowered == found.raised == ()
    assert sum(count for _, count in found.spread) == 0


def test_drops_are_placed_in_thirds_and_rises_are_not():
    found = findings(result([-0.1, -0.1, 0.2, -0.1, 0.0, 0.0, 0.0, 0.0, 0.3, 0.0, -0.2, 0.0]))
    assert found.spread == (((0, 1), 3), ((2, 3), 0), ((4, 5), 1))


def test_only_the_largest_drops_are_placed():
    found = findings(result([-0.01 * (n + 1) for n in range(12)]))
    # Heads 2 to 11 fell most: layer 0 has the two that are left out.
    assert found.spread == (((0, 1), 2), ((2, 3), 4), ((4, 5), 4))
    assert sum(count for _, count in found.spread) == LARGEST


@pytest.mark.parametrize(
    ("n_layers", "expected"),
    [
        (1, [(0, 0)]),
        (2, [(0, 0), (1, 1)]),
        (3, [(0, 0), (1, 1), (2, 2)]),
        (4, [(0, 1), (2, 2), (3, 3)]),
        (12, [(0, 3), (4, 7), (8, 11)]),
    ],
)
def test_thirds(n_layers, expected):
    assert thirds(n_layers) == expected


def said(*arguments, **options):
    return " ".join(findings(result(*arguments, **options)).caveats)


def test_a_baseline_near_either_end_is_warned_of():
    assert "near 0" in said([0.0], prob=0.04)
    assert "near 1" in said([0.0], prob=0.96)
    middle = said([0.0], prob=0.5)
    assert "near 0" not in middle
    assert "near 1" not in middle
    # Near 1 a change of log prob is the probability's: log odds are named, and log prob is not.
    for prob in (0.04, 0.998):
        assert "Look at log odds." in said([0.0], prob=prob)
        assert "log prob" not in said([0.0], prob=prob)


def test_they_follow_a_metric_and_open_on_one_that_shows_the_heads():
    small = [-0.001, -0.002, 0.001]
    assert findings(result(small)).metric is PROB
    assert findings(result(small)).lowered == ()
    near_one = result(small, prob=0.998)
    heads = tuple(replace(e, logodds_change=500 * e.prob_change) for e in near_one.heads)
    shown = findings(replace(near_one, heads=heads, _index={}))
    assert shown.metric is LOGODDS
    assert [e.address for e in shown.lowered] == [(0, 1), (0, 0)]
    assert [e.address for e in shown.raised] == [(1, 0)]
    assert shown.n_notable == 3
    for metric in METRICS:
        if metric.measures(near_one):
            assert findings(near_one, metric).metric is metric


def test_a_metric_without_a_sign_has_largest_changes_and_no_drops():
    found = findings(result([-0.1, 0.1]), KL)
    assert found.lowered == ()
    assert len(found.raised) == 2


def test_a_target_that_is_not_the_first_choice_is_told():
    assert "ranks 4" in said([0.0], rank=4)
    assert "ranks" not in said([0.0], rank=1)


def test_several_tokens_are_told_and_a_set_is_not_taken_for_them():
    assert "3 tokens" in said([0.0], target=" c d e", pieces=(" c", " d", " e"))
    assert "tokens" not in said([0.0], target=(" c", " d"), pieces=(" c", " d"))


@pytest.mark.parametrize("kind", list(AblationKind))
def test_the_kind_brings_its_own_caveat(kind):
    text = said([0.0], ablation=kind, **needed(kind, "a c"))
    assert kind.caveat in text
    assert all(other.caveat not in text for other in AblationKind if other is not kind)


def test_one_prompt_and_one_head_at_a_time_are_always_told():
    text = said([0.0])
    assert "One prompt" in text
    assert "one at a time" in text


def test_the_mean_of_a_single_head_is_itself():
    assert "the head itself." in said([0.0], shape=(2, 1))
    assert "With one head a layer" not in said([0.0], shape=(2, 2))
    assert "With one head a layer" not in said([0.0], shape=(2, 1), ablation="zero")


def test_a_partial_sweep_counts_what_it_has():
    assert findings(result([-0.1])).n_heads == 1
    assert findings(result([])).n_heads == 0
