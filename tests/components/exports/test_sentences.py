"""Facts and findings as words: the numbers are the result's, and typed text is a run of its own."""

import dataclasses

from components.exports.sentences import answer_runs, facts, finding_sentences, strip_count
from core.demo import example
from core.results.findings import findings
from core.results.result import SweepResult
from core.text.numbers import percent, signed


def said(runs):
    return "".join(text for text, _ in runs)


def sentences_of(result):
    return [said(runs) for runs in finding_sentences(result, findings(result))]


def changed(result, **changes) -> SweepResult:
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
    none = facts(changed(result, heads=faint))[2]
    assert none["big"] == "–"


def test_a_partial_sweep_says_so_and_spreads_nothing():
    result = example.saved()
    first, *rest = sentences_of(changed(result, heads=result.heads[:4]))
    assert first == "So far: 4 of 12 heads are in."
    assert not any("largest drops" in sentence for sentence in rest)
    assert facts(changed(result, heads=result.heads[:4]))[-1]["big"] == "4 of 12 heads"
    assert len(facts(changed(result, heads=()))) == 3  # no extremes of nothing


def test_facts_are_the_results():
    result = example.saved()
    answered, likeliest, low, high, swept = facts(result)
    assert said(answered["title"]) == "P(␣jumps), nothing ablated"
    assert answered["big"] == percent(result.baseline.prob)
    assert likeliest["bars"] == 5
    assert (low["big"], high["big"]) == ("L0H0", "L0H2")
    assert said(low["sub"]) == "−81.4 pp → 3.1 %"
    assert swept["big"] == "12 heads"


def test_an_answer_is_in_a_row_or_a_choice():
    assert answer_runs((" a", " b"), " a b") == [("␣a␣b", "code")]
    assert answer_runs((" a", " b"), (" a", " b")) == [
        ("␣a", "code"),
        (" or ", ""),
        ("␣b", "code"),
    ]


def test_a_longer_answer_is_told_token_by_token():
    result = example.saved()
    base = dataclasses.replace(result.baseline, token_probs=(0.5, 0.25))
    longer = changed(result, baseline=base, target_tokens=(" jumps", " over"))
    assert said(facts(longer)[0]["sub"]) == (
        "token by token: ␣jumps 50.0 % · ␣over 25.0 % · first token’s rank 1"
    )
    assert "its probability is the product" in strip_count(longer)


def test_typed_special_tokens_are_counted():
    result = example.saved()
    assert strip_count(result) == "15 tokens, BOS included"
    special = changed(result, special=(True, True, *result.special[2:]))
    assert "1 special token in the prompt" in strip_count(special)
