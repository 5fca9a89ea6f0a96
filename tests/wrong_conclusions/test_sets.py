"""Wrong conclusions about sets of heads that right numbers once led to, each with what is right.

Every number that a test states is computed again from the checkpoint, a plain transformer with
hooks of its own: nothing of the engine, of TransformerLens or of the scores is in it.
"""

import math
from dataclasses import replace
from functools import cache

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from core import SweepSpec
from core.checkpoints.catalogue import DEMO_FOLDER
from core.demo.example import SPEC
from core.hypotheses.answer_logits import answer_logits
from core.hypotheses.interactions import interactions
from core.hypotheses.joint import joint_test
from core.hypotheses.joint_effects import ablate_sets, others_of
from core.hypotheses.joint_report import PredictedEffect, joint_report
from core.hypotheses.joint_words import comparison_words, redundancy_words
from core.hypotheses.prediction import Verdict, lock_prediction
from core.hypotheses.relation import Relation
from core.hypotheses.search import greedy
from core.hypotheses.search_state import Search, SearchStep
from core.hypotheses.search_words import search_words, standing_words
from core.progress import run_to_end
from core.spec.heads import Head, all_heads
from core.spec.reference_set import DEFAULT
from core.sweep.scorer import Scorer, baseline_of
from core.text.numbers import signed

IOI = SweepSpec(
    "demo",
    "When John and Mary went to the shops, John gave the bag to",
    " Mary",
    " John",
    ablation="zero",
)
LAMP = SweepSpec(
    "demo", " dog house tree water lamp dog house tree water", " lamp", ablation="zero"
)
EVERY = all_heads(3, 4)


class Plain:
    """The embedded checkpoint with heads overwritten before their output projection."""

    def __init__(self):
        self.model = AutoModelForCausalLM.from_pretrained(DEMO_FOLDER).eval()
        self.tokenizer = PreTrainedTokenizerFast.from_pretrained(DEMO_FOLDER)
        self.layers = self.model.gpt_neox.layers
        self.seen = cache(self.seen)
        self.n_heads = self.model.config.num_attention_heads

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def run(self, text, put):
        """Log probs after a prompt; put[head] (d_head) or (pos, d_head) replaces its output."""

        def overwrite(layer):
            def hook(_, args):
                z = args[0].clone()
                heads = z.view(*z.shape[:-1], self.n_heads, -1)
                for head, value in put.items():
                    if head.layer == layer:
                        heads[0, :, head.head] = value
                return (z,)

            return hook

        hooks = [
            each.attention.dense.register_forward_pre_hook(overwrite(layer))
            for layer, each in enumerate(self.layers)
        ]
        try:
            with torch.no_grad():
                logits = self.model(torch.tensor([[0, *self.ids(text)]])).logits
        finally:
            for hook in hooks:
                hook.remove()
        return logits[0, -1].double().log_softmax(-1)

    def zero(self, head):
        """What zero is on processed weights: the part of a value that no token has a say in."""
        attention = self.layers[head.layer].attention.query_key_value
        norm = self.layers[head.layer].input_layernorm
        with torch.no_grad():
            values = attention.weight @ norm.bias + attention.bias
        return values.view(self.n_heads, 3, -1)[head.head, 2]

    def seen(self, layer):
        """The heads' joined outputs (pos, head * d_head) on each text of the reference set."""
        found = []
        dense = self.layers[layer].attention.dense
        hook = dense.register_forward_pre_hook(lambda _, args: found.append(args[0][0]))
        with torch.no_grad():
            for text in DEFAULT:
                self.model(torch.tensor([[0, *self.ids(text)]]))
        hook.remove()
        return found

    def mean(self, head, n_pos):
        """A head's mean output over the default reference set: position 0 by itself."""
        own = [z.view(len(z), self.n_heads, -1)[:, head.head] for z in self.seen(head.layer)]
        first = torch.stack([z[0] for z in own]).mean(0)
        others = torch.cat([z[1:] for z in own]).mean(0)
        return torch.stack([first, *[others] * (n_pos - 1)])


@pytest.fixture(scope="module")
def plain():
    return Plain()


def standing(plain, spec, put):
    """P(target), its rank, log odds, and logit difference where there is a foil."""
    logp = plain.run(spec.prompt, put)
    (target,) = plain.ids(spec.target)
    prob = float(logp[target].exp())
    foil = None if spec.foil is None else float(logp[target] - logp[plain.ids(spec.foil)[0]])
    return prob, 1 + int((logp > logp[target]).sum()), math.log(prob / (1 - prob)), foil


@pytest.mark.slow
def test_1_the_metric_of_a_search_was_reached_and_the_answer_lost(demo, plain):
    """Right: forward finds no set. Backward does, and what it finds keeps the answer."""
    *_, found = greedy(Scorer(demo, IOI))
    zero = {head: plain.zero(head) for head in EVERY}

    def keeping(heads):
        return standing(plain, IOI, {head: zero[head] for head in EVERY if head not in heads})

    clean_prob, clean_rank, _, clean = standing(plain, IOI, {})
    prob, rank, _, value = keeping([Head(0, 1)])
    assert value > clean  # the metric alone says that L0H1 suffices
    assert (f"{100 * prob:.3f}", rank, clean_rank) == ("0.039", 565, 1)
    step = found.forward.steps[1]
    assert step.kept == (Head(0, 1),)
    assert (step.effect.prob, step.effect.rank) == (pytest.approx(prob, abs=1e-6), rank)
    assert not found.forward.found
    assert found.forward.ended == "no head adds anything"

    assert found.best is found.backward
    assert found.heads == (Head(0, 0), Head(0, 3), Head(1, 1), Head(1, 2))
    prob, rank, _, value = keeping(found.heads)
    assert (rank, prob > clean_prob, value > clean) == (1, True, True)
    assert found.backward.steps[-1].effect.prob == pytest.approx(prob, abs=1e-4)
    for head in found.heads:
        prob, rank, _, value = keeping([each for each in found.heads if each != head])
        assert rank > 1 or prob < clean_prob or value < clean

    said = " ".join(search_words(found))
    assert said.startswith(
        "Found 4 heads of 12 that keep all of the answer, backward (leaving heads out): "
        "L0H0, L0H3, L1H1, L1H2."
    )
    assert "Forward found no set (no head adds anything)" in said
    lost = replace(
        found, backward=replace(found.backward, steps=found.backward.steps[:1], found=False)
    )
    assert not lost.found
    assert lost.to_dict()["reason"].startswith(
        "No set smaller than all heads was found that keeps all of the answer "
        "(forward (adding heads): no head adds anything;"
    )


@pytest.mark.slow
def test_2_two_gains_that_overlap_were_called_backup(demo, plain):
    spec = replace(IOI, ablation="mean")
    heads = (Head(1, 0), Head(1, 3))
    n_pos = 1 + len(plain.ids(spec.prompt))
    put = {head: plain.mean(head, n_pos) for head in heads}
    clean = standing(plain, spec, {})[3]
    one, other = (standing(plain, spec, {head: put[head]})[3] - clean for head in heads)
    both = standing(plain, spec, put)[3] - clean
    assert (f"{one:+.2f}", f"{other:+.2f}", f"{both:+.2f}") == ("+7.24", "+4.61", "+9.46")

    scorer = Scorer(demo, spec)
    found = run_to_end(interactions(scorer, heads))
    (pair,) = found.pairs
    assert found.metric == "logit_diff_change"
    assert found.single == pytest.approx([one, other], abs=1e-4)
    assert pair.joint == pytest.approx(both, abs=1e-4)
    assert pair.relation is Relation.GAINS
    joint = run_to_end(joint_test(scorer, heads))
    assert joint.relation is Relation.GAINS
    assert "overlapping gains, no backup" in redundancy_words(joint)


def test_3_log_prob_made_two_overlapping_losses_look_like_backup(demo, plain):
    heads = (Head(0, 0), Head(0, 1))
    sets = ([], [heads[0]], [heads[1]], heads)
    runs = [standing(plain, LAMP, {head: plain.zero(head) for head in each}) for each in sets]
    prob, rank, odds, _ = zip(*runs, strict=True)
    assert rank[0] == 1
    logs = [math.log(after / prob[0]) for after in prob[1:]]
    assert [f"{change:.2f}" for change in logs] == ["-5.67", "-0.70", "-6.91"]
    assert logs[2] - logs[0] - logs[1] < -0.5  # below both and below the sum: "backup"
    changes = [after - odds[0] for after in odds[1:]]
    assert [f"{change:.2f}" for change in changes] == ["-7.58", "-2.05", "-8.82"]

    scorer = Scorer(demo, LAMP)
    found = run_to_end(interactions(scorer, heads))
    (pair,) = found.pairs
    assert found.metric == "logodds_change"
    assert [*found.single, pair.joint] == pytest.approx(changes, abs=1e-4)
    assert f"{pair.interaction:+.2f}" == "+0.81"
    assert pair.relation is Relation.LOSSES
    joint = run_to_end(joint_test(scorer, heads))
    assert joint.relation is Relation.LOSSES
    assert "cost 0.81 nats of log odds less" in redundancy_words(joint)
    assert "back" not in redundancy_words(joint)


def test_8_an_answer_that_was_not_there_broke(demo, plain):
    """The target is third at 1.1 %: there is nothing to break, whatever becomes of it."""
    spec = replace(IOI, target=" John", foil=None)
    prob, rank, odds, _ = standing(plain, spec, {})
    assert (f"{100 * prob:.1f}", rank) == ("1.1", 3)
    heads = [Head(1, head) for head in range(4)]
    put = {head: plain.zero(head) for head in heads}
    after, rank_after, odds_after, _ = standing(plain, spec, put)
    found = run_to_end(joint_report(demo, spec, heads, PredictedEffect(True, 0.0)))
    verdict = found["verdict"]
    assert verdict["broke"] is verdict["right"] is None
    assert verdict["baseline"] == {"prob": pytest.approx(prob, abs=1e-5), "rank": rank}
    assert verdict["measured"] == {"prob": pytest.approx(after, abs=1e-5), "rank": rank_after}
    said = " ".join(verdict["sentences"])
    assert "it broke" not in said
    assert "there was nothing to break" in said
    assert "about breaking" not in said
    assert f"log odds {signed(odds_after - odds, 2)} nats" in said


@pytest.mark.parametrize(("target", "foil", "rank"), [(" the", None, 1572), (" John", " Mary", 3)])
def test_where_the_answer_was_not_first_there_is_none_to_keep(demo, plain, target, foil, rank):
    """A set was found that "kept" it, 18,843 times over, and was tried on variants."""
    spec = replace(IOI, target=target, foil=foil, ablation="mean")
    assert standing(plain, spec, {})[1] == rank
    found = run_to_end(joint_report(demo, spec, [Head(0, 1)], greedy_too=True))
    search = found["search"]
    assert search["found"] is search["forward"]["found"] is search["backward"]["found"] is False
    assert search["share"] is None
    assert isinstance(found["variants"], str)
    assert f"with every head in place the target is at rank {rank:,}" in search["reason"]
    assert "there is no answer to keep" in search["reason"]
    assert "is kept" not in search["reason"]


def test_a_set_is_reported_with_its_rank_and_both_logits(demo, plain):
    """Log probs were given. A logit is the model's own, so their difference is the metric."""
    at, kept = Scorer(demo, IOI), (Head(0, 1),)
    search = Search(at.metric, baseline_of(demo, at.baseline), 1.0, len(EVERY))
    found = run_to_end(answer_logits(at, kept))
    zero = {head: plain.zero(head) for head in EVERY if head not in kept}
    logp = plain.run(IOI.prompt, zero)
    mary, john = (plain.ids(each)[0] for each in (" Mary", " John"))
    assert found.target - found.log_sum == pytest.approx(float(logp[mary]), abs=1e-4)
    assert found.target - found.foil == pytest.approx(float(logp[mary] - logp[john]), abs=1e-4)
    (effect,) = run_to_end(ablate_sets(at, [others_of(at, kept)]))
    trail = replace(search.forward, steps=(SearchStep(kept, kept, effect),))
    said = standing_words(replace(search, logits=found), trail)
    logits = f"(logit {signed(found.target, 2)}, {signed(found.foil, 2)} for the foil, "
    assert f"With 1 head kept the target is at rank 565, P 76.2 % → 0.039 % {logits}" in said


def test_what_broke_says_why_its_metric_rose(demo):
    """ "it broke (76.2 % → 0.1 %, logit difference +0.40 nats)" had two signs and no word."""
    scorer = Scorer(demo, IOI)
    base = baseline_of(demo, scorer.baseline)
    (effect,) = run_to_end(ablate_sets(scorer, [others_of(scorer, [Head(0, 1)])]))
    assert effect.logit_diff_change > 0 > effect.prob_change
    verdict = Verdict(lock_prediction([Head(0, 0)], True, 0.0, None), base, effect)
    metric = f"logit difference {signed(effect.logit_diff_change, 2)} nats"
    assert f"{metric}, while the foil fell more)" in verdict.sentences()[1]


@pytest.mark.parametrize(
    ("heads", "words"),
    [
        ((Head(1, 0),), "this set and all 3 others that exist"),
        ((Head(1, 0), Head(1, 1)), "this set and the only other that exists"),
    ],
)
def test_9_of_three_sets_a_percentage_was_said(demo, heads, words):
    found = run_to_end(joint_test(Scorer(demo, SPEC), heads))
    said = comparison_words(found)
    assert found.to_dict()["place"]["percentile"] is None
    assert "%" not in said
    assert words in said
    assert f"Its change is the lowest of {len(found.others) + 1}" in said
