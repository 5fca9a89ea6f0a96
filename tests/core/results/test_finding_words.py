"""The findings' sentences say the result's numbers, and no more than was measured."""

import dataclasses

from core.demo import example
from core.results.finding_words import finding_words
from core.results.findings import findings
from core.results.headline import headline
from core.results.metric_words import about_words
from core.results.metrics import METRICS
from core.text.numbers import percent, signed
from core.text.words import plain


def sentences_of(result):
    return [plain(said) for said in finding_words(result, findings(result))]


def changed(result, **changes):
    return dataclasses.replace(result, **changes, _index={})


def test_the_findings_name_the_largest_with_their_numbers():
    result = example.saved()
    first, lowered, raised, spread, count = sentences_of(result)
    assert first == plain(headline(result))
    low = min(result.heads, key=lambda effect: effect.prob_change)
    change = f"{low.address.label} ({signed(100 * low.prob_change)} pp, to {percent(low.prob)})"
    assert lowered.startswith("On this prompt, ablating these heads lowered P(␣jumps) most: ")
    assert f"most: {change}" in lowered
    assert "raised P(␣jumps) most: L0H2" in raised
    assert spread == "Of the 7 largest drops: 3 in layer 0, 4 in layer 1, 0 in layer 2."
    assert count.startswith("10 of 12 heads")


def test_where_nothing_matters_that_is_said():
    result = example.saved()
    faint = tuple(dataclasses.replace(e, prob_change=e.prob_change / 1e4) for e in result.heads)
    nothing, count = sentences_of(changed(result, heads=faint))
    assert nothing == (
        "No single head moved P(␣jumps) by 1 pp or more from its 84.5 % when ablated."
    )
    assert count.startswith("0 of 12")
    sinking = (result.heads[0], *faint[1:])
    _, _, raised, *_ = sentences_of(changed(result, heads=sinking))
    assert raised == "No single head’s ablation raised P(␣jumps) by 1 pp or more from its 84.5 %."


def test_a_partial_sweep_says_so_and_spreads_nothing():
    result = example.saved()
    first, *rest = sentences_of(changed(result, heads=result.heads[:4]))
    assert first == (
        "So far: 4 of 12 heads are in. Without L0H0 the answer ␣jumps falls from 84.5 % to 3.1 % "
        "(−81.4 pp)."
    )
    assert not any("largest drops" in sentence for sentence in rest)


def with_foil(**fields):
    """The example against a foil, in which the first head has these fields."""
    saved = example.saved()
    first, *rest = saved.heads
    heads = [dataclasses.replace(e, logit_diff_change=0.0) for e in (first, *rest)]
    heads[0] = dataclasses.replace(heads[0], **fields)
    return changed(
        saved,
        spec=dataclasses.replace(saved.spec, foil=" sat"),
        foil_tokens=(" sat",),
        baseline=dataclasses.replace(saved.baseline, logit_diff=1.5),
        heads=tuple(heads),
    )


def test_with_a_foil_they_speak_of_the_logit_difference_and_name_the_probability_beside_it():
    first, lowered, raised, *_ = sentences_of(with_foil(logit_diff_change=-2.33, prob=0.26))
    assert first == (
        "Ablating L0H0 lowers the logit difference ␣jumps − ␣sat by 2.33 nats (P 84.5 % → 26.0 %)."
    )
    assert lowered == (
        "On this prompt, ablating these heads lowered the logit difference ␣jumps − ␣sat most: "
        "L0H0 (−2.33 nats; P 84.5 % → 26.0 %)."
    )
    assert raised.startswith("No single head’s ablation raised the logit difference ␣jumps − ␣sat")


def test_two_opposite_signs_are_never_left_without_a_word():
    result = with_foil(logit_diff_change=0.19, prob=0.26, prob_change=-0.58)
    first, _, raised, *_ = sentences_of(result)
    assert "L0H0 (+0.19 nats; P 84.5 % → 26.0 %, while the foil fell more)" in raised
    assert "raises" in first
    assert "(P 84.5 % → 26.0 %, while the foil fell more)" in first
    rose = with_foil(logit_diff_change=-0.19, prob=0.9, prob_change=0.05, logprob_change=0.06)
    assert ", while the foil rose more)" in sentences_of(rose)[1]


def test_a_count_within_the_rounding_of_bfloat16_is_called_rough():
    result = with_foil(logit_diff_change=-1.0)
    for apart, rough in ((None, False), (0.05, False), (0.16, True)):
        made = dataclasses.replace(result.provenance, float32_distance=apart)
        *_, count = sentences_of(dataclasses.replace(result, provenance=made, _index={}))
        assert ("within the rounding of this run (0.16 nats)" in count) is rough


def test_every_metric_has_sentences_that_name_it():
    result = with_foil(logit_diff_change=-1.0)
    for metric in METRICS:
        sentences = [plain(said) for said in finding_words(result, findings(result, metric))]
        about = plain(about_words(metric, result))
        assert all(about in said for said in (sentences[1], sentences[-1])), metric.short
        assert "{" not in "".join(sentences)


def test_layers_whose_heads_hide_each_other_come_behind_the_strongest_fact():
    result, effects = example.saved(), example.saved_layer_effects()
    found = findings(result, None, effects)
    (layer,) = found.joint_layers
    words = finding_words(result, found)
    assert words[:2] == (found.headline, layer.words)
    metric = found.metric
    heads = tuple(dataclasses.replace(e, prob_change=e.prob_change / 10) for e in result.heads)
    weak = changed(result, heads=heads)  # now the layer leads, and is not said twice
    found = findings(weak, metric, effects)
    said = finding_words(weak, found)
    assert said[0] == found.headline == found.joint_layers[0].words
    assert len(set(said)) == len(said)
