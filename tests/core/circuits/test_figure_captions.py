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


def test_who_reads_shared_keys_and_values_is_said():
    group = [Head(2, head) for head in range(4)]
    for whole, who in ((False, "L2H3 alone"), (True, "all of these")):
        words = plain(figure_captions.shared_inputs(Head(2, 3), group, whole))
        assert words == f"K and V of L2H3, which L2H0 to L2H3 share, are patched for {who}."
    assert "L2H0 and L2H1" in plain(figure_captions.shared_inputs(Head(2, 0), group[:2], False))
    assert plain(figure_captions.shared_inputs(Head(2, 0), group[:1], False)) == ""


def test_the_answers_paths_name_the_leading_metric():
    for metric in METRICS:
        assert plain(figure_captions.answer_paths(metric)).startswith(metric.title)


def test_what_the_ends_of_a_dose_are_is_said():
    words = figure_captions.dose("L1H2")
    assert bold_in(words) == ["L1H2"]
    said = "multiplied by 0 (removed: zero ablation) … 1 (as it is: the clean run) … 2 (twice"
    assert said in plain(words)
