"""The OV circuit written out in full, as wide as the vocabulary, on tiny models."""

import checkpoints
import numpy as np
import pytest
import torch

from core import SweepSpec
from core.circuits.ov import copying, copying_scores, ov_circuit, promoting
from core.heads import Head
from core.progress import drained
from core.prompts.tokens import token_text
from core.scoring import Scorer


def scorer_of(model):
    return Scorer(model, SweepSpec(model.name, checkpoints.TEXT, " jumps", prepend_bos=True))


@pytest.mark.parametrize("family", ["gpt2", "llama", "neox-serial", "qwen2"])
def test_copying_is_read_off_the_whole_circuits_eigenvalues(loaded, oracle, family):
    """W_E W_V W_O W_U of a bridge that TransformerLens has folded and centred."""
    model, bridge = loaded(family), oracle(family)
    found = copying_scores(model)
    w_e, w_u = bridge.W_E.detach().double(), bridge.W_U.detach().double()
    w_u = w_u - w_u.mean(-1, keepdim=True)
    for layer in range(model.n_layers):
        for head in range(model.n_heads):
            w_v = bridge.W_V[layer]
            w_v = w_v[head // (model.n_heads // len(w_v))].detach().double()
            w_o = bridge.W_O[layer, head].detach().double()
            values = torch.linalg.eigvals(w_e @ w_v @ w_o @ w_u)
            expected = values.real.sum() / values.abs().sum()
            assert found[layer, head] == pytest.approx(float(expected), abs=1e-4)
    assert np.abs(found).max() <= 1


def test_what_it_promotes_here_is_what_it_writes_when_it_looks_there_only(loaded):
    """Attention 1 at the position itself: then z is the value, and the write is the head's own."""
    from core.circuits.stream import head_weights

    model = loaded("gpt2", "raw")
    scorer = Scorer(
        model,
        SweepSpec(model.name, checkpoints.TEXT, " jumps", prepend_bos=True, weights="raw"),
    )
    clean, head = scorer.start.clean, Head(1, 2)
    body = model.bridge.original_model
    norm = getattr(body.transformer.ln_f, "original_component", body.transformer.ln_f)
    final = clean.final[0, scorer.start.read[0]]
    scale = (final.var(unbiased=False) + norm.eps).sqrt()
    w_o = head_weights(model.stack.blocks[1], model.n_heads)[2]
    found = ov_circuit(scorer.start, head).here
    assert len(found) == len(scorer.start.tokens)
    for position, promoted in enumerate(found):
        write = clean.values[1][2][position] @ w_o
        logits = ((write - write.mean()) / scale * norm.weight) @ body.lm_head.weight.T
        logits = (logits - logits.mean()).detach()
        own = int(scorer.start.tokens[position])
        assert promoted.own == pytest.approx(float(logits[own]), abs=1e-5)
        best = int(logits.argmax())
        assert promoted.raised[0][0] == token_text(model.tokenizer, best)
        assert promoted.raised[0][1] == pytest.approx(float(logits.max()), abs=1e-5)
        assert promoted.lowered[0][1] == pytest.approx(float(logits.min()), abs=1e-5)


@pytest.mark.parametrize("family", ["bloom", "gemma2", "phi", "opt", "gptj", "mistral"])
def test_every_family_has_one(loaded, family):
    model = loaded(family)
    found = ov_circuit(scorer_of(model).start, Head(1, 1))
    assert len(found.here) == len(found.from_embedding) == len(scorer_of(model).start.tokens)
    assert all(p.raised[0][1] >= p.own >= p.lowered[0][1] for p in found.here)
    assert copying_scores(model).shape == (model.n_layers, model.n_heads)


@pytest.mark.parametrize("family", ["gpt2", "opt"])
def test_words_and_layers_come_one_after_the_other_and_change_nothing(loaded, family, monkeypatch):
    model = loaded(family)
    at_once = copying_scores(model)
    monkeypatch.setattr("core.circuits.ov._WORDS_AT_ONCE", model.d_vocab // 4 + 1)
    shares = []
    found = drained(copying(model), shares.append)
    assert found == pytest.approx(at_once, abs=1e-5)
    assert shares == sorted(set(shares))
    assert (len(shares), shares[-1]) == (4 + model.n_layers, 1)


def test_keys_come_a_few_at_a_time_and_change_nothing(loaded, monkeypatch):
    start, head = scorer_of(loaded("gpt2")).start, Head(1, 1)
    at_once = ov_circuit(start, head)
    monkeypatch.setattr("core.circuits.ov._AT_ONCE", 4)
    shares = []
    found = drained(promoting(start, head), shares.append)
    assert shares == sorted(set(shares))
    assert (len(shares), shares[-1]) == (2 * 4, 1)  # 15 keys, read twice
    for one, other in zip(
        at_once.here + at_once.from_embedding, found.here + found.from_embedding, strict=True
    ):
        assert [word for word, _ in one.raised] == [word for word, _ in other.raised]
        assert one.own == pytest.approx(other.own, abs=1e-5)


def test_the_embedded_models_induction_heads_copy(demo):
    """L1H0 to L1H3 look at what followed last time; where they also write it, they copy."""
    scores = copying_scores(demo)
    assert scores.shape == (3, 4)
    assert scores[1].max() > 0.5
