"""Captions of a head's figures: they name the metric, the head and the numbers they are given."""

from core.circuits import figure_captions
from core.results.metrics import METRICS
from core.spec.ablation import AblationKind
from core.spec.heads import Head
from core.text.words import Style, plain


def bold_in(words):
    return [span.text for span in words if span.style is Style.BOLD]


def test_the_leading_metric_is_named():
    assert plain(figure_captions.direct_effect("logit_diff_change")) == (
        "Change of logit difference by route, nats"
    )
    assert "log odds" in plain(figure_captions.direct_effect("logodds_change"))


def test_a_map_by_position_names_its_metric():
    for metric in METRICS:
        assert plain(figure_captions.by_position(metric)).startswith(metric.title)


def test_numbers_stand_out_where_they_are_measured():
    with_score, without = figure_captions.ov_circuit(0.456), figure_captions.ov_circuit(None)
    assert bold_in(with_score) == ["+0.46"]
    assert plain(with_score) == f"{plain(without)} Its copying score is +0.46 (−1 to 1)."
    assert "random weights: 0.03" in plain(figure_captions.composition(0.031))


def test_what_a_logit_is_compared_with_is_said():
    for caption in (figure_captions.attribution_of_every_head, figure_captions.value_paths):
        assert plain(caption("the foil")).endswith(", against the foil")


def test_the_head_that_is_ablated_stands_out():
    words = figure_captions.scores_without("induction", Head(1, 2), AblationKind.ZERO)
    assert bold_in(words) == ["L1H2"]
    assert plain(words) == (
        "Every head’s induction score before and after ablating L1H2 (zero, at every position)"
    )
