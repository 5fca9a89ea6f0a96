"""Facts are the result's own numbers, in words that name what they are of."""

import dataclasses

import pytest

from core.demo import example
from core.results.facts import fact_words, facts
from core.text.numbers import percent
from core.text.words import plain


def changed(result, **changes):
    return dataclasses.replace(result, **changes, _index={})


def test_facts_are_the_results():
    result = example.saved()
    answered, likeliest, low, high, swept = facts(result)
    assert plain(answered.title) == "P(␣jumps), nothing ablated"
    assert answered.value == percent(result.baseline.prob)
    assert [each.prob for each in likeliest.likeliest] == [p for _, p in result.baseline.top[:5]]
    assert [each.is_target for each in likeliest.likeliest] == [True, *[False] * 4]
    assert (low.value, high.value) == ("L0H0", "L0H2")
    assert plain(low.detail) == "−81.4 pp → 3.1 %"
    assert swept.value == "12 heads"


def test_a_partial_sweep_has_facts_so_far():
    result = example.saved()
    *_, low, high, swept = facts(changed(result, heads=result.heads[:4]))
    assert swept.value == "4 of 12 heads"
    assert plain(low.title) == "Ablating it lowered the answer most, so far"
    assert plain(high.title) == "Ablating it raised the answer most, so far"
    assert len(facts(changed(result, heads=()))) == 3  # no extremes of nothing


def test_where_nothing_matters_no_head_is_named():
    result = example.saved()
    faint = tuple(dataclasses.replace(e, prob_change=e.prob_change / 1e4) for e in result.heads)
    low = facts(changed(result, heads=faint))[2]
    assert low.value == "–"
    assert plain(low.detail).startswith("none by 1 pp or more; L0H0 ")


def test_a_longer_answer_is_told_token_by_token_and_against_its_foil():
    result = example.saved()
    base = dataclasses.replace(result.baseline, token_probs=(0.5, 0.25), logit_diff=1.5)
    longer = changed(
        result,
        spec=dataclasses.replace(result.spec, target=" jumps over", foil=" sat"),
        baseline=base,
        target_tokens=(" jumps", " over"),
        foil_tokens=(" sat",),
    )
    assert plain(facts(longer)[0].detail) == (
        "token by token: ␣jumps 50.0 % · ␣over 25.0 % · first token’s rank 1"
        " · logit diff +1.50 against ␣sat"
    )


@pytest.mark.parametrize("probs", [(0.5, 0.25, 0.125), (0.5,), ()])
def test_a_kept_run_whose_answer_has_another_number_of_probabilities_has_its_facts(probs):
    result = example.saved()
    longer = changed(
        result,
        spec=dataclasses.replace(result.spec, target=" jumps over"),
        baseline=dataclasses.replace(result.baseline, token_probs=probs),
        target_tokens=(" jumps", " over"),
    )
    assert plain(facts(longer)[0].detail) == "rank 1"


def test_a_fact_is_a_line_too():
    answered, likeliest, *_ = facts(example.saved())
    assert plain(fact_words(answered)) == "P(␣jumps), nothing ablated: 84.5 % (rank 1)"
    assert plain(fact_words(likeliest)).startswith(
        "Likeliest next tokens, nothing ablated: ␣jumps 84.5 %, ␣"
    )
