"""Direct logit attribution: its parts add up to the model's own logits, on every family."""

from functools import cache, partial

import numpy as np
import pytest
import torch
from support import checkpoints

from core import SweepSpec
from core.circuits import logit_attribution as module
from core.circuits.logit_attribution import logit_attribution, measure_logit_attribution
from core.engine import start_clean
from core.errors import UnavailableError
from core.model.frozen_norms import bias_of, frozen
from core.model.products import weight_of
from core.progress import run_to_end
from core.sweep.prepare import prepare

FAMILIES = [f for f in checkpoints.FAMILIES if f != "opt-post-norm"]
CASES = {
    "one token": (" jumps", None),
    "against a foil": (" jumps", " fox"),
    "teacher-forced": (" jumps over", None),
    "both teacher-forced": (" jumps over", " lazy dog"),
    "long against short": (" jumps over", " fox"),
}


def prepared_for(model, target=" jumps", foil=None, **changes):
    spec = SweepSpec(model.name, checkpoints.TEXT, target, foil, prepend_bos=True, **changes)
    return prepare(model, spec)


def logits_of(model, prepared, answer):
    """The model's own logits in the pass of an answer, before the soft cap."""
    start = start_clean(model, prepared.sequence(answer), prepared.read(answer))
    logits, cap = start.logits.double(), model.stack.ending.softcap
    return logits if cap is None else torch.atanh(logits / cap) * cap


def answer_logit(prepared, logits):
    """The same from the model's own logits: no part taken for itself."""
    if prepared.foil is not None and len(prepared.foil.sequence) != len(prepared.target.sequence):
        read = logits(prepared.target)[0]  # these cases part at the first token
        return float(read[prepared.target.sequence[0]] - read[prepared.foil.sequence[0]])
    total = 0.0
    for answer, sign in ((prepared.target, 1), (prepared.foil, -1)):
        if answer is None:
            continue
        ids = list(answer.sequence)
        read = logits(answer)
        total += sign * float((read[range(len(ids)), ids] - read.mean(-1)).sum())
    return total


@pytest.mark.parametrize("weights", ["processed", "raw"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_parts_add_up_to_the_models_own_logits(loaded, family, weights):
    """Of every case; passes that several need are run once, on both sides."""
    model = loaded(family, weights)
    cases = [prepared_for(model, *answers, weights=weights) for answers in CASES.values()]
    logits = cache(partial(logits_of, model, cases[0]))
    for name, prepared, found in zip(
        CASES, cases, run_to_end(measure_logit_attribution(model, cases)), strict=True
    ):
        assert found.total == pytest.approx(answer_logit(prepared, logits), abs=2e-4), name
        assert np.abs(found.heads).max() > 1e-3, name  # there is something to add up


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
    from core.circuits.residual_stream import read_stream

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
    model = loaded("llama")
    together = logit_attribution(model, prepared_for(model, (" jumps", " over")))
    singles = [logit_attribution(model, prepared_for(model, t)) for t in (" jumps", " over")]
    low = np.minimum(singles[0].heads, singles[1].heads) - 1e-6
    high = np.maximum(singles[0].heads, singles[1].heads) + 1e-6
    assert ((low <= together.heads) & (together.heads <= high)).all()


@pytest.mark.parametrize(("foil", "n_passes"), [(" fox", 1), (" lazy dog.", 2)])
def test_answers_that_share_a_pass_are_read_in_one(loaded, monkeypatch, foil, n_passes):
    model = loaded("gpt2")
    answers = [prepared_for(model), prepared_for(model, foil), prepared_for(model, foil=foil)]
    alone = [logit_attribution(model, each) for each in answers]
    run, read = [], module.read_stream
    monkeypatch.setattr(module, "read_stream", lambda *given: run.append(1) or read(*given))
    shares = []
    together = run_to_end(measure_logit_attribution(model, answers), shares.append)
    assert len(run) == n_passes
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (n_passes + len(answers), 1)
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.heads, other.heads)
        assert (one.total, one.against) == (other.total, other.against)
