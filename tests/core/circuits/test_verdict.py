"""Three sentences: each says what was measured, where it stands, and no more than that."""

import re
from dataclasses import replace

import numpy as np
import pytest

from core import run_sweep
from core.circuits.by_kind import by_kind
from core.circuits.direct_effect import DirectEffect, direct_effect
from core.circuits.head_scores import ROLES, HeadScores
from core.circuits.measure_scores import measure_head_scores
from core.circuits.verdict import (
    DIRECT_EFFECT,
    KINDS,
    POSITIONS,
    SCORES,
    SWEEP,
    matters,
    verdict,
)
from core.demo import example
from core.progress import run_to_end
from core.results.metrics import KL, LOGODDS
from core.spec.ablation import AblationKind
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer
from core.text.numbers import ordinal, percent, signed

NONE = np.zeros((3, 4))
HEAD = Head(1, 0)


@pytest.fixture(scope="module")
def result():
    return example.saved()


def changed(result, head=HEAD, **fields):
    """The sweep with one head's effect changed."""
    heads = [replace(e, **fields) if e.address == head else e for e in result.heads]
    return replace(result, heads=tuple(heads), _index={})


def against_a_foil(result):
    """The sweep as one with a foil."""
    return replace(
        result,
        spec=replace(result.spec, foil=" sat"),
        foil_tokens=(" sat",),
        baseline=replace(result.baseline, logit_diff=2.0),
        heads=tuple(
            e if e.logit_diff_change is not None else replace(e, logit_diff_change=0.0)
            for e in result.heads
        ),
        _index={},
    )


def said(result, *, traced=None, kinds=None, roles=None, first=None, head=HEAD):
    effect = result.effect(head)
    kinds = {result.spec.ablation: effect} if kinds is None else kinds
    return verdict(result, effect, traced, kinds, roles, first)


def made(total, direct, metric="logodds_change"):
    later = np.full(3, (total - direct) / 3)
    return DirectEffect(HEAD, metric, total, direct, direct, 0.0, NONE, later, 0.9, 0.8)


def scores(*values):
    """Role scores of a model in which only L1H0 scores anything."""
    mean = np.zeros((len(ROLES), 3, 4))
    mean[:, 1, 0] = values
    return HeadScores(mean, mean, copy_length=5, n_sequences=2, seed=0, has_bos=True)


@pytest.mark.slow
def test_every_number_on_the_embedded_model_is_one_that_was_measured(demo):
    spec = example.SPEC
    result, scorer = run_sweep(demo, spec), Scorer(demo, spec)
    roles = run_to_end(measure_head_scores(demo))
    for head in all_heads(*result.shape):
        effect, traced = result.effect(head), direct_effect(scorer, head)
        kinds = run_to_end(by_kind(scorer, head))
        known = {
            percent(result.baseline.prob),
            percent(effect.prob),
            f"{signed(100 * effect.prob_change)} pp",
            *(signed(v, 2) for v in (effect.logodds_change, traced.total)),
            *(signed(v, 2) for v in (traced.direct_frozen_norm, *traced.parts.values())),
            *(signed(e.logodds_change, 2) for e in kinds.values()),
            *(f"{roles.values(role)[head]:.2f}" for role in ROLES),
        }
        known |= {each.split(" ")[0] for each in known}
        first, how, weak = (each.text for each in verdict(result, effect, traced, kinds, roles))
        numbers = re.findall(r"[+−]?\d+\.\d+", " ".join((first, how, weak)))
        assert len(numbers) >= 8
        assert set(numbers) - {"0.4"} <= known, head.label


def test_what_mattered_is_said_with_its_size_and_place(result):
    first = said(result)[0]
    effect = result.effect(HEAD)
    assert first.shown_in == (SWEEP,)
    assert first.text == (
        f"On this prompt, ablating L1H0 (mean across heads) lowered P(␣jumps): "
        f"{percent(result.baseline.prob)} → {percent(effect.prob)} "
        f"({signed(100 * effect.prob_change)} pp, log odds {signed(effect.logodds_change, 2)}), "
        "4th of 12 heads by change in prob."
    )
    assert "the largest change in prob of 12 heads" in said(result, head=Head(0, 0))[0].text
    assert "raised P" in said(result, head=Head(0, 2))[0].text


def test_what_hardly_mattered_is_not_said_to_have_lowered_anything(result):
    small = changed(result, prob_change=-0.004, logodds_change=-0.02)
    text = said(small)[0].text
    assert "hardly mattered" in text
    assert "lowered" not in text
    assert "another head may do the same job" in said(small)[2].text
    assert not matters(small.effect(HEAD))
    # A change of the log odds alone, where the probability is near 0 or 1, is one.
    assert matters(changed(result, prob_change=-1e-4, logodds_change=-2.0).effect(HEAD))


def test_its_place_is_that_in_the_metric_on_display(result):
    effect = result.effect(HEAD)
    kinds = {result.spec.ablation: effect}
    for metric in (LOGODDS, KL):
        order = [each.address for each in result.ranked(metric.field)]
        first = verdict(result, effect, None, kinds, None, metric=metric)[0].text
        assert first.endswith(f"{ordinal(order.index(HEAD) + 1)} of 12 heads by change in "
                              f"{metric.short}.")  # fmt: skip


def test_a_foils_logit_difference_is_said_and_counts(result):
    with_foil = against_a_foil(changed(result, prob=0.845, logit_diff_change=-1.5))
    assert "lowered the logit difference ␣jumps − ␣sat: +2.00 → +0.50 (−1.50 nats); P(␣jumps) " in (
        said(with_foil)[0].text
    )
    assert "hardly mattered" not in said(with_foil)[0].text
    how = said(with_foil, traced=made(-1.5, -1.0, "logit_diff_change"))[1].text
    assert "of −1.50 nats of logit difference, −1.00 directly (norms held) and −0.50 through" in how


@pytest.mark.parametrize(
    ("total", "direct", "word"),
    [
        (-1.0, -0.8, "It acts mostly directly on the answer"),
        (-1.0, -0.1, "It acts through later components"),
        (-1.0, -0.5, "It acts about half directly on the answer"),
        (-0.5, -1.5, "in a layer this early that cannot be told apart from mediation"),
        (-0.05, -0.01, "Its effect is too small to speak of a route"),
        (-0.09, -0.11, "It acts directly, but what follows takes a part of that back, and leaves"),
    ],
)
def test_the_route_is_named_by_its_parts(result, total, direct, word):
    how = said(result, traced=made(total, direct))[1]
    assert word in how.text
    assert "self-repair" not in how.text  # of three layers, the second is no late one
    assert f"{signed(direct, 2)} directly" in how.text
    assert DIRECT_EFFECT in how.shown_in


def test_a_kind_is_what_it_looks_like_and_never_why_it_mattered(result):
    induction = said(result, roles=scores(0.9, 0, 0, 0, 0.1))[1]
    assert induction.shown_in == (SCORES,)
    assert "looks like an induction head (0.90, the highest of 12 heads)" in induction.text
    assert "says where it looks and not what it does here" in induction.text
    none = said(result, roles=scores(0.1, 0, 0.39, 0, 0))[1].text
    assert "none of the five roles" in none
    assert "previous token, 0.39; the line is at 0.4" in none


def test_without_any_measurement_of_the_route_it_says_so(result):
    how = said(result)[1]
    assert "could not be measured on this model" in how.text
    assert how.shown_in == ()


def kinds_of(result, **nats):
    effect = result.effect(HEAD)
    return {AblationKind(kind.replace("_", "-")): replace(effect, logodds_change=value)
            for kind, value in nats.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("nats", "word"),
    [
        (
            {"zero": -1.0, "mean": 0.5},
            "disagree in direction (−1.00 nats of log odds under zero, +0.50",
        ),
        (
            {"zero": -1.0, "mean": -0.2},
            "disagree in size (−1.00 nats of log odds under zero, −0.20",
        ),
    ],
)
def test_kinds_that_disagree_weaken_it(result, nats, word):
    weak = said(result, kinds=kinds_of(result, **nats))[2]
    assert word in weak.text
    assert weak.shown_in == (SWEEP, KINDS)


def test_kinds_that_agree_are_no_comfort_and_the_untried_ones_are_named(result):
    weak = said(result, kinds=kinds_of(result, zero=-1.0, mean=-0.9))[2]
    assert "agree" not in weak.text
    assert "mean across heads, mean positional and resample were not tried" in weak.text, weak.text
    every = {kind.value.replace("-", "_"): -1.0 for kind in AblationKind}
    assert said(result, kinds=kinds_of(result, **every))[2].text == (
        "What weakens this: it is one prompt."
    )


def test_with_a_foil_the_kinds_are_compared_in_logit_difference(result):
    effect = result.effect(HEAD)
    kinds = {
        kind: replace(effect, logit_diff_change=change)
        for kind, change in ((AblationKind.ZERO, -2.0), (AblationKind.MEAN, 1.0))
    }
    weak = said(result, kinds=kinds)[2].text
    assert "direction (−2.00 nats of logit diff under zero, +1.00 under mean)" in weak


def test_what_else_weakens_it(result):
    assert said(result, kinds={})[2].text == "What weakens this: it is one prompt."
    first = said(result, first=0.8, kinds={})[2]
    assert (
        "at position 0 alone, where heads rest rather than read: 80 % of the change in log odds"
    ) in first.text
    assert first.shown_in == (SWEEP, POSITIONS)
    # A share of more than all, or of the other sign, is nothing that position 0 "does".
    assert "more than all of the change in log odds (130 %)" in said(result, first=1.3)[2].text
    assert "against the change in log odds (−80 %)" in said(result, first=-0.8)[2].text
    no_bos = replace(result, spec=replace(result.spec, prepend_bos=False), _index={})
    assert "rest rather than read" not in said(no_bos, first=0.8)[2].text
    assert "position 0" not in said(result, first=0.2)[2].text
    base = result.baseline
    for prob, rank, word in (
        (0.01, 1, "near 0 %"),
        (0.99, 1, "near 100 %"),
        (0.3, 2, "the target ranks 2 without any ablation"),
    ):
        other = replace(result, baseline=replace(base, prob=prob, rank=rank), _index={})
        assert word in said(other)[2].text
    assert "near" not in said(replace(result, baseline=replace(base, prob=0.5), _index={}))[2].text


def test_nothing_is_called_significant_or_an_induction_head_for_its_effect(demo, result):
    roles = run_to_end(measure_head_scores(demo))
    for head in all_heads(*result.shape):
        text = " ".join(s.text for s in said(result, roles=roles, head=head))
        assert "significant" not in text
        assert text.count("induction head") == text.count("looks like an induction head")


def test_a_foil_that_falls_along_hides_what_happened(result):
    """The difference stays while both fall: that is no head that hardly mattered."""
    base = replace(result.baseline, logit_diff=2.0)
    with_foil = against_a_foil(
        changed(result, prob=0.3, prob_change=-0.5, logodds_change=-2.2, logit_diff_change=0.04)
    )
    first, _, weak = said(replace(with_foil, baseline=base, _index={}), first=-0.8)
    assert "hardly changed the logit difference ␣jumps − ␣sat: +2.00 → +2.04" in first.text
    assert "(−50.0 pp): target and foil fell together" in first.text
    assert "hardly mattered" not in first.text
    assert "do the same job" not in weak.text
    assert "position 0" not in weak.text  # a share of next to nothing


def test_where_nothing_changed_anything_no_head_has_a_place(result):
    still = {"prob_change": 0.0, "logodds_change": 0.0, "logprob_change": 0.0}
    heads = tuple(replace(each, **still) for each in result.heads)
    first, _, weak = said(replace(result, heads=heads, _index={}))
    assert first.text.endswith(", without any change in prob.")
    assert "do the same job" not in weak.text


def test_ordinals():
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 112)
    assert [ordinal(n) for n in numbers] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th",
        "112th",
    ]  # fmt: skip
