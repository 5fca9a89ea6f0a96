"""Whether the strongest heads hold under a second kind: sentences of hand-made sweeps."""

from dataclasses import replace

from core import run_sweep
from core.demo import example
from core.results.metrics import KL, LOGODDS, PROB
from core.results.second_kind import SECOND, second_kind_words
from core.spec.heads import Head
from core.text.words import plain


def sweep(changes, **options):
    """The example's sweep, in which the heads of layer 0 changed P(target) by `changes`."""
    saved = example.saved()
    heads = tuple(
        replace(each, prob_change=changes[each.head] if each.layer == 0 else 0.0)
        for each in saved.heads
    )
    return replace(saved, heads=heads, spec=replace(saved.spec, **options), _index={})


def said(before, after, metric=PROB):
    second = sweep(after, ablation=SECOND)
    return plain(second_kind_words(sweep(before), second, metric))


def test_all_hold():
    assert said([-0.8, -0.3, 0.0, 0.05], [-0.5, -0.15, 0.4, 0.05]) == (
        "Under mean ablation the strongest heads hold: L0H0 (−80.0 → −50.0 pp), "
        "L0H1 (−30.0 → −15.0 pp), L0H3 (+5.0 → +5.0 pp)."
    )


def test_less_than_half_and_then_the_other_way_is_said_first():
    assert said([-0.8, -0.3, 0.0, 0.0], [-0.39, -0.3, 0.0, 0.0]) == (
        "Under mean ablation L0H0 (−80.0 → −39.0 pp) does less than half as much; "
        "L0H1 (−30.0 → −30.0 pp) holds."
    )
    assert said([-0.8, -0.3, 0.0, 0.0], [0.8, 0.1, 0.0, 0.0]) == (
        "Under mean ablation L0H1 (−30.0 → +10.0 pp) does less than half as much; "
        "L0H0 (−80.0 → +80.0 pp) does the opposite."
    )


def test_nothing_is_said_of_heads_that_are_not_notable():
    assert said([0.009, -0.009, 0.0, 0.0], [0.5, 0.5, 0.5, 0.5]) == ""


def test_of_the_real_example_in_every_metric_each_number_is_one_of_the_two_sweeps(demo):
    first = example.saved()
    second = run_sweep(demo, replace(example.SPEC, ablation=SECOND))
    for metric in (PROB, LOGODDS, KL):
        words = plain(second_kind_words(first, second, metric))
        strongest = first.ranked(metric.field)[0]
        other = second.effect(Head(strongest.layer, strongest.head))
        went = f"{metric.text(metric.value(strongest))} → {metric.quantity(metric.value(other))}"
        assert went in words
