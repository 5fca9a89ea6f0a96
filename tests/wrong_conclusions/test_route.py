"""Wrong conclusions that were once drawn from right numbers: attribution, route, processed weights.

Each with its smallest input and what is right, from plain passes of the model's own code.
"""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from support import checkpoints
from transformers import AutoModelForCausalLM

from core import SweepSpec, load_model, run_sweep
from core.checkpoints.value_shift import measured_shift
from core.circuits.direct_effect import DirectEffect, direct_effect
from core.circuits.logit_attribution import logit_attribution
from core.circuits.mechanism import Mechanism
from core.circuits.mechanism_words import mechanism_words, route_words
from core.errors import InputError
from core.spec.heads import Head
from core.sweep.scorer import Scorer

IOI = "When John and Mary went to the shops, John gave the bag to"


def ioi(target, foil, ablation):
    return SweepSpec("demo", IOI, target, foil, ablation)


def test_attribution_to_an_answer_set_adds_up_to_the_logit_difference(demo):
    """5: its total was -5.86 beside a logit difference of -5.17: the set's entropy was left out."""
    scorer = Scorer(demo, ioi((" the", " a"), " John", "mean"))
    tokens = scorer.start.tokens[None]
    logits = demo.logits(tokens, (tokens.shape[1] - 1,))[0, 0].double()
    prepared = scorer.prepared
    ids = [option[0] for option in prepared.target.options]
    expected = float(logits[ids].logsumexp(0) - logits[prepared.foil.sequence[0]])
    assert expected == pytest.approx(-5.17, abs=0.01)
    found = logit_attribution(demo, prepared)
    assert found.total == pytest.approx(expected, abs=1e-4)
    assert found.entropy == pytest.approx(0.69, abs=0.01)
    written = direct_effect(scorer, Head(1, 2))
    swept = run_sweep(demo, scorer.prepared.spec).effect(Head(1, 2))
    assert written.total == pytest.approx(swept.logit_diff_change, abs=1e-4)


def test_an_answer_that_is_gone_was_not_repaired(demo):
    """6: "self-repair" was said where the answer fell from 36.9 % to .1 %; the input is refused."""
    with pytest.raises(InputError):
        Scorer(demo, ioi(" Mary and", " Mary", "zero"))
    lost = DirectEffect(
        head=Head(2, 0),
        metric="logit_diff_change",
        total=-0.2,
        direct=-0.9,
        direct_frozen_norm=-0.9,
        final_norm=0.7,
        later_heads=np.full((3, 4), np.nan),
        later_mlps=np.array([np.nan, np.nan, 0.0]),
        prob=0.369,
        prob_after=0.001,
    )
    assert lost.mechanism is Mechanism.OFFSET
    assert "the answer is not kept (P 36.9 % → 0.1 %)" in route_words(lost)
    assert "self-repair" not in route_words(lost)
    assert replace(lost, prob_after=0.3).mechanism is Mechanism.REPAIRED


@pytest.mark.slow
@pytest.mark.parametrize("target", [" Mary", " Mary and"])
@pytest.mark.parametrize("ablation", ["zero", "mean"])
def test_the_word_is_said_of_late_heads_and_kept_answers_only(demo, target, ablation):
    """6, on every head of the embedded model, against the sweep's own probabilities."""
    spec = ioi(target, None, ablation)
    scorer, swept = Scorer(demo, spec), run_sweep(demo, spec)
    for effect in swept.heads:
        said = route_words(direct_effect(scorer, effect.address))
        if "self-repair" in said:
            assert effect.layer == demo.n_layers - 1
            assert effect.prob >= swept.baseline.prob / 2
            assert effect.logodds_change < 0  # what is more than made up for was not repaired


FOX = "The quick brown fox jumps over the lazy dog. The quick brown fox"


@pytest.mark.parametrize(
    ("spec", "head", "word", "begins"),
    [
        (
            SweepSpec("demo", FOX, " jumps", ablation="zero"),
            "L1H0",
            Mechanism.OFFSET,
            "the final norm’s scale goes against its direct effect, and later components add to",
        ),
        (
            ioi((" the", " a"), " John", "mean"),
            "L1H2",
            Mechanism.NORM,
            "it acts mostly by the final norm’s scale",
        ),
        (
            ioi(" Mary and John", None, "mean"),
            "L1H2",
            Mechanism.SEVERAL,
            "it acts partly by what is not linear and partly directly",
        ),
    ],
)
def test_a_norm_and_a_curve_are_no_later_components(demo, spec, head, word, begins):
    """All three were "later components", which had a small part in each, or went the other way."""
    found = direct_effect(Scorer(demo, spec), Head.parse(head))
    assert found.to_dict()["mechanism"] == word.value
    assert mechanism_words(found).startswith(begins)
    later = found.parts["later_heads"] + found.parts["later_mlps"]
    rest = found.parts["final_norm"] + found.parts["left"]
    assert later * found.direct_frozen_norm > 0  # later components go the way of the direct effect
    assert abs(later) < abs(rest)


def test_what_outweighs_a_loss_does_not_make_up_for_it(demo):
    """It was "makes up for 192 % of what the answer loses directly (self-repair)"."""
    found = direct_effect(Scorer(demo, ioi(" Mary", " John", "zero")), Head(2, 3))
    assert found.total > 0 > found.direct_frozen_norm
    assert found.mechanism is Mechanism.OUTWEIGHED
    said = route_words(found)
    assert said.startswith("what follows outweighs what the answer loses directly: of +0.27 nats")
    assert "%" not in said
    assert "self-repair" not in said


@pytest.fixture(scope="module")
def without_a_pad(tmp_path_factory):
    """A tiny Gemma 2 whose BOS is its padding token: a stream of zeros at position 0."""
    folder = tmp_path_factory.mktemp("padded") / "gemma2"
    checkpoints.save(copy.deepcopy(checkpoints.FAMILIES["gemma2"]), folder)
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.bos_token_id == model.config.pad_token_id == 0
    with torch.no_grad():
        model.get_input_embeddings().weight[0] = 0
    model.save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_zero_is_zero_under_processed_weights(without_a_pad):
    """10: the shift was measured by subtraction, and a norm enlarged its rounding: .094 for .249.

    There are no value biases, so zero under processed weights is zero: by a plain hook, by the
    growing pass, and by hooks with a measured shift.
    """
    model = load_model(str(without_a_pad), device="cpu")
    assert model.stack is not None
    measured = measured_shift(model.name, without_a_pad, "cpu")
    assert not model.value_shift.any()
    assert not measured.any()
    spec = SweepSpec(model.name, checkpoints.TEXT, " jumps", ablation="zero", prepend_bos=True)
    expected, scorer = {}, Scorer(model, spec)
    own = AutoModelForCausalLM.from_pretrained(without_a_pad, attn_implementation="eager").eval()
    own = own.requires_grad_(False)

    def log_prob():
        last = own(scorer.start.tokens[None]).logits[0, -1].double().log_softmax(-1)
        return float(last[scorer.prepared.target.sequence[0]])

    clean, d_head = log_prob(), own.config.head_dim
    for layer, block in enumerate(own.model.layers):

        def overwrite(module, given):
            return (given[0].index_fill(-1, torch.arange(d_head), 0.0),)

        handle = block.self_attn.o_proj.register_forward_pre_hook(overwrite)
        expected[Head(layer, 0)] = log_prob() - clean
        handle.remove()
    assert abs(expected[Head(0, 0)]) > 0.1
    by_hooks = replace(model, stack=None, value_shift=measured)
    for swept in (run_sweep(model, spec), run_sweep(by_hooks, spec)):
        for head, change in expected.items():
            assert swept.effect(head).logprob_change == pytest.approx(change, abs=1e-4)
