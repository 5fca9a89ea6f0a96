"""Direct logit attribution: its parts add up to the leading metric, on every family."""

from functools import cache, partial

import numpy as np
import pytest
import torch
from support import checkpoints

from core import SweepSpec
from core.circuits import logit_attribution as module
from core.circuits.answer_directions import passes
from core.circuits.logit_attribution import (
    AnswerDirections,
    logit_attribution,
    measure_logit_attribution,
)
from core.circuits.residual_stream import read_stream
from core.errors import UnavailableError
from core.model.frozen_norms import bias_of, frozen
from core.model.products import weight_of
from core.progress import run_to_end
from core.spec.heads import Head
from core.sweep.prepare import prepare

FAMILIES = [f for f in checkpoints.FAMILIES if f != "opt-post-norm"]
CASES = {
    "one token": (" jumps", None),
    "against a foil": (" jumps", " fox"),
    "a set": ((" jumps", " dog"), None),
    "a set against a token": ((" jumps", " dog"), " fox"),
    "a set against a set": (" jumps", (" fox", " over", " the")),
    "teacher-forced": (" jumps over", None),
    "both teacher-forced": (" jumps over", " lazy dog"),
    "long against short": (" jumps over", " fox"),
    "parting at the second token": (" jumps over", " jumps the fox"),
}


def prepared_for(model, target=" jumps", foil=None, **changes):
    spec = SweepSpec(model.name, checkpoints.TEXT, target, foil, prepend_bos=True, **changes)
    return prepare(model, spec)


def logits_of(model, prepared, answer):
    """The model's own logits in the pass of an answer, soft cap and all."""
    return model.logits(prepared.sequence(answer)[None], prepared.read(answer))[0].double()


def log_prob(answer, logits):
    """Log P(answer) from logits, whatever the answer is made of."""
    logp = logits.log_softmax(-1)
    if answer.is_set:
        return float(logp[0, [option[0] for option in answer.options]].logsumexp(0))
    ids = list(answer.sequence)
    return float(logp[range(len(ids)), ids].sum())


def leading_metric(prepared, logits):
    """The logit difference, or the log odds, from the model's own logits."""
    target = log_prob(prepared.target, logits(prepared.target))
    if prepared.foil is None:
        return target - float(np.log(-np.expm1(target)))
    if len(prepared.foil.sequence) != len(prepared.target.sequence):
        pairs = enumerate(zip(prepared.target.sequence, prepared.foil.sequence, strict=False))
        at, (own, other) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
        return float(logits(prepared.target)[at, own] - logits(prepared.target)[at, other])
    return target - log_prob(prepared.foil, logits(prepared.foil))


@pytest.mark.parametrize("weights", ["processed", "raw"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_parts_add_up_to_the_leading_metric(loaded, family, weights):
    """Of every case, from a plain pass of the model's own code."""
    model = loaded(family, weights)
    cases = [prepared_for(model, *answers, weights=weights) for answers in CASES.values()]
    logits = cache(partial(logits_of, model, cases[0]))
    for name, prepared in zip(CASES, cases, strict=True):
        found = logit_attribution(model, prepared)
        assert found.total == pytest.approx(leading_metric(prepared, logits), abs=1e-4), name
        assert np.abs(found.heads).max() > 1e-3, name  # there is something to add up
        told = found.to_dict()
        parts = np.sum(told["heads"]) + sum(told["mlps"]) + told["embed"] + told["rest"]
        assert parts == pytest.approx(told["total"]), name
        assert sum(told["rest_parts"].values()) == pytest.approx(told["rest"]), name


def test_what_is_left_over_is_named(loaded):
    """Where each part of the remainder is, and where it is 0."""
    model, capped = loaded("llama"), loaded("gemma2")
    left = {name: logit_attribution(model, prepared_for(model, *CASES[name])) for name in CASES}
    assert left["against a foil"].entropy == pytest.approx(0, abs=1e-9)
    assert left["one token"].entropy < -1  # that of the other tokens
    assert 0.1 < left["a set against a token"].entropy < np.log(2)
    assert left["teacher-forced"].curve < -1e-3
    assert {name for name in CASES if abs(left[name].curve) > 1e-9} == {"teacher-forced"}
    assert all(found.softcap == 0 for found in left.values())
    assert abs(logit_attribution(capped, prepared_for(capped)).softcap) > 1e-2
    assert {left[name].against for name in ("one token", "teacher-forced")} == {"every other token"}
    assert left["both teacher-forced"].against == "the foil"


@pytest.mark.parametrize("name", CASES)
def test_a_direction_is_the_slope_of_the_metric(loaded, name):
    """By autograd, through the unembedding alone: norm frozen, so a part adds what it adds."""
    model = loaded("llama", "raw")
    prepared = prepared_for(model, *CASES[name], weights="raw")
    for answer_pass in passes(prepared):
        stream = read_stream(model, prepared.sequence(answer_pass.sequence))
        answer = AnswerDirections(model, prepared, answer_pass, stream)
        normed = model.stack.ending.norm(stream.final[answer.read])
        with torch.inference_mode(mode=False), torch.enable_grad():
            at = normed.clone().requires_grad_()
            logp = (at @ model.bridge.original_model.lm_head.weight.detach().T).log_softmax(-1)
            value = 0
            for each, sign in answer_pass.read:
                ids = [option[0] for option in each.options]
                rows = [each.at + index for index in range(len(each.sequence))]
                if each.is_set:
                    value = value + sign * logp[each.at, ids].logsumexp(0)
                else:
                    value = value + sign * logp[rows, list(each.sequence)].sum()
            if prepared.foil is None:
                value = value - (-value.expm1()).log()
            (slope,) = torch.autograd.grad(value, at)
        part = stream.mlp[1][answer.read]
        expected = float((frozen(model.stack.ending.norm, stream.final[answer.read])(part) * slope)
                         .sum())  # fmt: skip
        assert answer.along(part) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "llama", "neox-parallel", "gemma2"])
def test_log_odds_by_hand_are_the_target_against_every_other_token(loaded, oracle, family):
    """One head's write, along W_U[t] less the others' rows weighted by their probability."""
    model, bridge = loaded(family), oracle(family, "raw")
    prepared = prepared_for(model)
    tokens, target = prepared.sequence(prepared.target), prepared.target.sequence[0]
    with torch.inference_mode():
        others = bridge(tokens[None])[0, -1].double()
        others[target] = -torch.inf
        w_u = bridge.original_model.get_output_embeddings().weight.double()
        direction = (w_u[target] - others.softmax(-1) @ w_u).float()
    head, stream = Head(1, 2), read_stream(model, tokens)
    block, norm = model.stack.blocks[head.layer], model.stack.ending.norm
    z = stream.z[head.layer, -1]
    own = torch.zeros_like(z)
    own[head.head] = z[head.head] - model.value_shift[head]
    with torch.inference_mode():
        written = own.flatten() @ weight_of(block.lens.out).T
        written = frozen(block.lens.out_norm, block.lens.out(z.flatten()))(written)
        expected = float(frozen(norm, stream.final[-1])(written) @ direction)
    assert abs(expected) > 1e-3
    assert logit_attribution(model, prepared).heads[head] == pytest.approx(expected, abs=1e-5)


def test_one_head_by_hand(loaded):
    """GPT-2: z W_O, centred, over the final norm's scale, times its gain, along W_U's row."""
    model = loaded("gpt2", "raw")
    prepared = prepared_for(model, " jumps", " fox", weights="raw")
    body = model.bridge.original_model.transformer
    own = {}

    def keep(layer, z):
        own[layer] = z
        return z

    ids = prepared.sequence(prepared.target)[None]
    with model.editing_z(keep):
        model.logits(ids, (ids.shape[1] - 1,))
    final = read_stream(model, ids[0]).final[-1]
    norm = body.ln_f.original_component if hasattr(body.ln_f, "original_component") else body.ln_f
    scale = (final.var(unbiased=False) + norm.eps).sqrt()
    w_u = model.bridge.original_model.lm_head.weight
    direction = w_u[prepared.target.sequence[0]] - w_u[prepared.foil.sequence[0]]
    found = logit_attribution(model, prepared).heads
    for layer, block in enumerate(model.stack.blocks):
        w_o = weight_of(block.lens.out).T
        for head in range(model.n_heads):
            part = slice(head * model.d_head, (head + 1) * model.d_head)
            written = own[layer][0, -1, head] @ w_o[part]
            expected = ((written - written.mean()) / scale * norm.weight) @ direction
            assert found[layer, head] == pytest.approx(float(expected.detach()), abs=1e-5)


@pytest.mark.parametrize("family", checkpoints.FAMILIES)
def test_a_frozen_norm_is_linear_and_right_at_its_point(loaded, family):
    stack = loaded(family).stack
    torch.manual_seed(1)
    norms = [stack.ending.norm, *(block.lens.norm for block in stack.blocks)]
    norms += [block.lens.out_norm for block in stack.blocks if block.lens.out_norm is not None]
    for norm in norms:
        x, y = 3 * torch.randn(2, 5, loaded(family).d_model)
        held = frozen(norm, x)
        bias = bias_of(norm)
        with torch.inference_mode():
            whole = held(x) if bias is None else held(x) + bias
            torch.testing.assert_close(whole, norm(x), rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(held(2 * x - y), 2 * held(x) - held(y), rtol=1e-4, atol=1e-4)


def test_norms_on_the_stream_itself_are_refused_in_words(loaded):
    model = loaded("opt-post-norm")
    with pytest.raises(UnavailableError, match="a norm follows every addition"):
        logit_attribution(model, prepared_for(model))


def test_an_answer_set_is_its_members_weighted_by_their_share(loaded):
    """Against a foil: without one, each member's own rivals would hold the other member."""
    model = loaded("llama")

    def heads(target):
        return logit_attribution(model, prepared_for(model, target, " fox")).heads

    together = heads((" jumps", " over"))
    singles = [heads(target) for target in (" jumps", " over")]
    low = np.minimum(singles[0], singles[1]) - 1e-6
    high = np.maximum(singles[0], singles[1]) + 1e-6
    assert ((low <= together) & (together <= high)).all()


@pytest.mark.parametrize(("foil", "n_passes"), [(" fox", 1), (" lazy dog", 2)])
def test_answers_that_share_a_pass_are_read_in_one(loaded, monkeypatch, foil, n_passes):
    model, target = loaded("gpt2"), " jumps" if n_passes == 1 else " jumps over"
    run, read = [], module.read_stream
    monkeypatch.setattr(module, "read_stream", lambda *given: run.append(1) or read(*given))
    shares = []
    found = run_to_end(
        measure_logit_attribution(model, prepared_for(model, target, foil)), shares.append
    )
    assert len(run) == n_passes
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (n_passes + 2, 1)
    assert (found.target.metric, found.foil.metric) == ("logprob", "logprob")
    assert found.difference.metric == "logit_diff"
    np.testing.assert_allclose(
        found.difference.heads, found.target.heads - found.foil.heads, atol=1e-12
    )


def test_of_two_answers_each_is_its_log_prob(loaded):
    model = loaded("gpt2")
    prepared = prepared_for(model, " jumps over", " lazy dog")
    found = run_to_end(measure_logit_attribution(model, prepared))
    for answer, split in ((prepared.target, found.target), (prepared.foil, found.foil)):
        expected = log_prob(answer, logits_of(model, prepared, answer))
        assert split.total == pytest.approx(expected, abs=1e-4)
