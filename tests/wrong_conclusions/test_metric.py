"""Conclusions that were once drawn from right numbers, and are wrong: each with its small input.

Found by an independent re-computation, each with its number in the list of them. What the product
says now is held in this folder: here by which metric it speaks, and of position 0; in the other
files sets of heads, the route of an effect, and answers.
"""

import math
from dataclasses import replace

import pytest

from core import SweepSpec, run_sweep
from core.circuits.verdict import first_position_words
from core.demo import example
from core.results.finding_words import finding_words
from core.results.findings import findings
from core.results.leading import opening
from core.results.metric_words import opposed_words
from core.results.metrics import LOGIT_DIFF, LOGODDS, LOGPROB
from core.spec.heads import Head
from core.text.words import plain

IOI = example.TRY[1][1]
assert isinstance(IOI, SweepSpec)


def told(result):
    found = findings(result)
    return " ".join([*(plain(said) for said in finding_words(result, found)), *found.caveats])


def at(prob, result):
    """A sweep as it would be from another baseline, each head moving the log odds as it did."""
    odds = math.log(prob / (1 - prob))
    base = replace(result.baseline, prob=prob, logprob=math.log(prob))

    def moved(effect):
        now = 1 / (1 + math.exp(-(odds + effect.logodds_change)))
        change = math.log(now) - math.log(prob)
        return replace(effect, prob=now, prob_change=now - prob, logprob_change=change)

    return replace(result, baseline=base, heads=tuple(map(moved, result.heads)), _index={})


def test_near_1_log_prob_is_as_blind_as_probability():
    """4. At 99.8 % "look at log prob" was said: there its change is the probability's."""
    result = at(0.998, example.saved())
    notable = {m: sum(m.is_notable(m.value(e)) for e in result.heads) for m in (LOGPROB, LOGODDS)}
    assert notable[LOGPROB] < notable[LOGODDS] / 2
    assert opening(result).metric is LOGODDS
    assert "Look at log odds." in told(result)
    assert "log prob" not in told(result)


def test_with_a_foil_the_heads_of_the_logit_difference_are_named(demo):
    """Ranked by probability, the head that moves target against foil most was not named."""
    result = run_sweep(demo, replace(IOI, ablation="mean"))
    assert opening(result).metric is LOGIT_DIFF
    found = findings(result)
    down = [e for e in result.ranked(LOGIT_DIFF.field) if e.logit_diff_change < 0]
    assert found.lowered == tuple(down[:3])
    assert f"{down[0].address.label} (" in told(result)


@pytest.mark.parametrize("prepend_bos", [True, False])
def test_heads_rest_at_position_0_only_where_it_is_bos(demo, prepend_bos):
    """11. Without BOS it is a token to read like any other."""
    result = run_sweep(demo, replace(example.SPEC, prepend_bos=prepend_bos))
    said = first_position_words(result, 0.8)
    assert ("where heads rest rather than read" in said) == prepend_bos


def test_the_foil_did_not_fall_more_where_later_tokens_fell(demo):
    """The foil's log prob fell .25, the target's .36; the token that is compared even rose."""
    spec = replace(IOI, target=" Mary and John", foil=" John", ablation="mean-across-heads")
    result = run_sweep(demo, spec)
    effect, base = result.effect(Head(2, 2)), result.baseline
    token, prob = effect.top[0]
    assert (token, result.parts_at) == (" Mary", 0)
    first = math.log(prob / base.token_probs[0])
    foil = first - effect.logit_diff_change
    assert first > 0 > foil > effect.logprob_change
    said = opposed_words(LOGIT_DIFF, effect, base, result)
    assert said == ", while the target’s other tokens, which are not compared, fell"
    # Where the sweep, or that token's probability, is not at hand, no more is said than is known.
    known = ", while P, of all the target’s tokens, fell"
    assert opposed_words(LOGIT_DIFF, effect, base) == known
    assert opposed_words(LOGIT_DIFF, replace(effect, top=()), base, result) == known
    # Had it fallen, and the metric risen all the same, then the foil fell more.
    lower = replace(effect, top=((token, 0.9 * base.token_probs[0]),))
    assert opposed_words(LOGIT_DIFF, lower, base, result) == ", while the foil fell more"
