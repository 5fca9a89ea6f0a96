"""The findings' sentences say the result's numbers, and no more than was measured."""

import dataclasses

from core.demo import example
from core.results.finding_words import finding_words
from core.results.findings import findings
from core.text.numbers import percent, signed
from core.text.words import plain


def sentences_of(result):
    return [plain(said) for said in finding_words(result, findings(result))]


def changed(result, **changes):
    return dataclasses.replace(result, **changes, _index={})


def test_the_findings_name_the_largest_with_their_numbers():
    result = example.saved()
    lowered, raised, spread, count = sentences_of(result)
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
    lowered, raised, count = sentences_of(changed(result, heads=faint))
    assert lowered == (
        "No single head’s ablation lowered P(␣jumps) by 1 pp or more from its 84.5 %."
    )
    assert "raised" in raised
    assert count.startswith("0 of 12")


def test_a_partial_sweep_says_so_and_spreads_nothing():
    result = example.saved()
    first, *rest = sentences_of(changed(result, heads=result.heads[:4]))
    assert first == "So far: 4 of 12 heads are in."
    assert not any("largest drops" in sentence for sentence in rest)
