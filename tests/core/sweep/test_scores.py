"""Metrics against examples worked out by hand."""

from math import exp, log

import numpy as np
import pytest
import torch

from core.prompts.tokens import TokenizedAnswer
from core.sweep.scores import TOP, answer_logprob, log_probs, score

CLEAN = (1 / 2, 1 / 4, 1 / 8, 1 / 8)
ABLATED = (1 / 8, 1 / 4, 1 / 2, 1 / 8)
ONE = TokenizedAnswer(((0,),), ("a",))
SET = TokenizedAnswer(((0,), (1,)), ("a", "b"))
TWO = TokenizedAnswer(((0, 2),), ("a", "c"))


def logits(*rows):
    """Logits (row, read, vocab) whose softmax is `rows`, plus a constant that must not matter."""
    return torch.tensor(rows, dtype=torch.float64).log() + 7.0


def scored(answer, *rows, clean=(CLEAN,)):
    return score(logits(*rows), log_probs(logits(clean))[0], answer)


def test_one_token():
    found = scored(ONE, [CLEAN], [ABLATED])
    assert np.exp(found.logprob) == pytest.approx([1 / 2, 1 / 8])
    assert found.logodds == pytest.approx([0, log((1 / 8) / (7 / 8))])
    # 1/2 ln 4 + 1/4 ln 1 + 1/8 ln 1/4 + 1/8 ln 1
    assert found.kl == pytest.approx([0, log(4) * (1 / 2 - 1 / 8)])
    # Two tokens stand strictly above the answer, and one is level with it.
    assert found.rank.tolist() == [1, 3]
    assert found.top_ids[1][:2].tolist() == [2, 1]
    assert found.top_probs[1][:2] == pytest.approx([1 / 2, 1 / 4])
    assert found.token_logprob[:, 0] == pytest.approx(found.logprob)


def test_kl_is_from_clean_to_ablated_and_not_back():
    skew = (0.7, 0.1, 0.1, 0.1)
    found = scored(ONE, [skew])
    forth = sum(p * log(p / q) for p, q in zip(CLEAN, skew, strict=True))
    back = sum(q * log(q / p) for p, q in zip(CLEAN, skew, strict=True))
    assert abs(forth - back) > 0.01
    assert found.kl == pytest.approx([forth])


def test_the_margin_is_over_the_likeliest_other_token_of_each_run():
    found = scored(ONE, [CLEAN], [ABLATED])
    # 1/2 against 1/4 (token 1); ablated, 1/8 against 1/2 (token 2).
    assert found.margin == pytest.approx([log(2), -log(4)])
    assert scored(SET, [CLEAN], [ABLATED]).margin == pytest.approx([log(6), log(3 / 4)])
    # Of several tokens the first one's, wherever the others are.
    several = scored(TWO, [ABLATED, CLEAN], clean=(CLEAN, CLEAN))
    assert several.margin == pytest.approx([-log(4)])


def test_a_set_that_leaves_no_token_out_has_no_margin():
    every = TokenizedAnswer(((0,), (1,), (2,), (3,)), ("a", "b", "c", "d"))
    assert scored(every, [CLEAN]).margin is None
    but_one = TokenizedAnswer(((0,), (1,), (2,)), ("a", "b", "c"))
    assert scored(but_one, [CLEAN]).margin == pytest.approx([log(7)])


def test_the_entropy_is_that_of_the_first_tokens_distribution():
    # 1/2 ln 2 + 1/4 ln 4 + 2/8 ln 8
    expected = log(2) * (1 / 2 + 2 / 4 + 3 / 4)
    found = scored(TWO, [ABLATED, (1 / 4,) * 4], clean=(CLEAN, CLEAN))
    assert found.entropy == pytest.approx([expected])
    assert scored(ONE, [(1 / 4,) * 4]).entropy == pytest.approx([log(4)])


def test_impossible_tokens_add_nothing_and_leave_no_nan():
    masked = torch.tensor([[[0.0, 0.0, -torch.inf, -torch.inf]]])
    found = score(masked, log_probs(masked)[0], ONE)
    assert found.entropy == pytest.approx([log(2)])
    assert found.margin == pytest.approx([0], abs=1e-12)
    certain = torch.tensor([[[0.0, -torch.inf, -torch.inf, -torch.inf]]])
    alone = score(certain, log_probs(certain)[0], ONE)
    assert alone.entropy == pytest.approx([0])
    assert np.isfinite(alone.margin).all()
    assert alone.margin[0] > 100
    assert alone.margin == pytest.approx(alone.logodds)


def test_an_answer_set_adds_probabilities_and_ranks_by_its_best_member():
    found = scored(SET, [ABLATED])
    assert np.exp(found.logprob) == pytest.approx([3 / 8])
    assert found.logodds == pytest.approx([log(3 / 5)])
    assert found.rank.tolist() == [2]


def test_several_tokens_multiply_and_kl_is_summed():
    found = scored(TWO, [ABLATED, CLEAN], clean=(CLEAN, CLEAN))
    assert np.exp(found.logprob) == pytest.approx([1 / 8 * 1 / 8])
    assert np.exp(found.token_logprob) == pytest.approx(np.array([[1 / 8, 1 / 8]]))
    assert found.kl == pytest.approx([log(4) * (1 / 2 - 1 / 8)])
    assert found.rank.tolist() == [3]  # of the first token
    assert found.top_ids[0][0] == 2
    both = scored(TWO, [ABLATED, ABLATED], clean=(CLEAN, CLEAN))
    assert both.kl == pytest.approx(2 * found.kl)


def test_a_short_answer_reads_the_first_position_only():
    logp = log_probs(logits([ABLATED, CLEAN]))
    assert answer_logprob(logp, ONE).exp().tolist() == pytest.approx([1 / 8])
    assert answer_logprob(logp, SET).exp().tolist() == pytest.approx([3 / 8])


@pytest.mark.parametrize("lead", [20.0, 25.0, -20.0, -60.0])
def test_log_odds_keep_their_digits_near_certainty(lead):
    row = torch.tensor([[[lead, 0.0, 0.0, 0.0]]])
    found = score(row, log_probs(row)[0], ONE)
    assert found.logodds == pytest.approx([lead - log(3)], abs=1e-4)


@pytest.mark.parametrize("lead", [27.0, 35.0, 50.0, 300.0])
@pytest.mark.parametrize("answer", [ONE, SET])
def test_log_odds_near_1_are_the_logits_own(lead, answer):
    """The log sum of the others, in double precision: log p has no digit of it from 36 nats on."""
    torch.manual_seed(0)
    row = torch.randn(1, 1, 50)
    members = [option[0] for option in answer.options]
    row[..., members] += lead
    found = score(row, log_probs(row)[0], answer)
    wide = row[0, 0].double()
    others = [token for token in range(50) if token not in members]
    expected = float(wide[members].logsumexp(0) - wide[others].logsumexp(0))
    assert expected > lead - 8
    assert found.logodds == pytest.approx([expected], abs=1e-9)


@pytest.mark.shapes
def test_log_odds_of_two_sure_tokens_are_those_of_losing_either():
    """1 - p q is the two chances of a miss added, where both are small."""
    rows = torch.zeros(1, 2, 4, dtype=torch.float64)
    first, second = TWO.sequence
    rows[0, 0, first], rows[0, 1, second] = 40.0, 42.0
    found = score(rows, log_probs(rows)[0], TWO)
    missed = 3 * exp(-40) + 3 * exp(-42)
    assert found.logodds == pytest.approx([-log(missed)], abs=1e-9)


def test_certainty_itself_stays_finite():
    row = torch.tensor([[[2000.0, 0.0, 0.0, 0.0]]])
    found = score(row, log_probs(row)[0], ONE)
    assert np.isfinite(found.logodds).all()
    assert found.logodds[0] > 100
    assert exp(found.logprob[0]) == 1


def test_a_small_kl_is_not_lost_to_rounding():
    clean = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    row = torch.tensor([[[1.0 + 2**-17, 0.0, 0.0, 0.0]]])
    p = exp(1.0) / (exp(1.0) + 3)
    found = score(row, log_probs(clean)[0], ONE)
    assert found.kl == pytest.approx([p * (1 - p) / 2 * 2.0**-34], rel=1e-3)


def test_kl_is_never_negative():
    torch.manual_seed(0)
    clean = torch.randn(1, 1, 500)
    found = score(clean.repeat(3, 1, 1), log_probs(clean)[0], ONE)
    assert (found.kl >= 0).all()


def test_no_more_predictions_than_asked_for():
    row = torch.randn(2, 1, 50, generator=torch.Generator().manual_seed(0))
    found = score(row, log_probs(row)[0], ONE)
    assert found.top_ids.shape == (2, TOP)
    assert found.top_ids.tolist() == row[:, 0].argsort(descending=True)[:, :TOP].tolist()
    assert (np.diff(found.top_probs) <= 0).all()


def test_rows_keep_their_order():
    found = scored(ONE, [ABLATED], [CLEAN], [ABLATED])
    assert np.exp(found.logprob) == pytest.approx([1 / 8, 1 / 2, 1 / 8])
