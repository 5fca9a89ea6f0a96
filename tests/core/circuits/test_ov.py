"""The OV circuit written out in full, as wide as the vocabulary, on tiny models."""

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import torch
from support import checkpoints
from transformers import AutoModelForCausalLM

from core import SweepSpec
from core.circuits.ov import copying_scores, measure_copying_scores, measure_ov_circuit, ov_circuit
from core.progress import run_to_end
from core.prompts.tokens import token_text
from core.spec.heads import Head
from core.sweep.scorer import Scorer


def scorer_of(model):
    return Scorer(model, SweepSpec(model.name, checkpoints.TEXT, " jumps", prepend_bos=True))


@pytest.mark.shapes
@pytest.mark.slow
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
    from core.circuits.residual_stream import head_weights

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
    found = ov_circuit(scorer.start, head).from_resid_pre
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


class Named(NamedTuple):
    """What `transformers` calls the parts that one layer's OV circuit passes through."""

    words: str
    body: str
    norm: str
    values: str
    out: str
    ending: str


LLAMA = Named(
    "model.embed_tokens",
    "model.layers",
    "input_layernorm",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "model.norm",
)
NAMES = {
    "bloom": Named(
        "transformer.word_embeddings_layernorm",
        "transformer.h",
        "input_layernorm",
        "self_attention.query_key_value",
        "self_attention.dense",
        "transformer.ln_f",
    ),
    "gemma2": LLAMA,
    "mistral": LLAMA,
    "phi": LLAMA._replace(out="self_attn.dense", ending="model.final_layernorm"),
    "opt": Named(
        "model.decoder.embed_tokens",
        "model.decoder.layers",
        "self_attn_layer_norm",
        "self_attn.v_proj",
        "self_attn.out_proj",
        "model.decoder.final_layer_norm",
    ),
    "gptj": Named(
        "transformer.wte",
        "transformer.h",
        "ln_1",
        "attn.v_proj",
        "attn.out_proj",
        "transformer.ln_f",
    ),
}
RMS = {"gemma2", "mistral"}


@pytest.fixture(scope="module")
def as_it_comes(checkpoint):
    """as_it_comes(family): the checkpoint as `transformers` loads it."""
    return cache(lambda family: AutoModelForCausalLM.from_pretrained(checkpoint(family)).eval())


class Plain:
    """One head of a model of `transformers`, read with hooks; its norms and products by hand."""

    def __init__(self, model, family, head):
        self.model, self.family, self.head, names = model, family, head, NAMES[family]
        part, layer = self.model.get_submodule, f"{names.body}.{head.layer}"
        self.words, self.ending = part(names.words), part(names.ending)
        self.norm, self.project = part(f"{layer}.{names.norm}"), part(f"{layer}.{names.values}")
        self.out = part(f"{layer}.{names.out}")
        if family == "gemma2":
            self.after = part(f"{layer}.post_attention_layernorm")
        self.eps = getattr(self.model.config, "rms_norm_eps", None)  # of RMS norms
        self.w_u = self.model.lm_head.weight.detach()
        d_head = checkpoints.WIDTH // checkpoints.HEADS
        self.w_o = self.out.weight.detach()[:, head.head * d_head :][:, :d_head].T
        self.w_v = self.own_value(self.project.weight.detach().T).T  # d_head, d_model

    def own_value(self, x):
        """The head's part of what comes out of the projection: bloom's is of q, k and v."""
        d_head = checkpoints.WIDTH // checkpoints.HEADS
        if self.family == "bloom":
            return x.unflatten(-1, (-1, 3, d_head))[:, self.head.head, 2]
        x = x.unflatten(-1, (-1, d_head))
        return x[:, self.head.head * x.shape[1] // checkpoints.HEADS]

    def run(self, tokens):
        """Outputs of words and values; what the final norm and the norm after attention get."""
        seen = {}
        handles = [
            self.words.register_forward_hook(lambda m, i, o: seen.update(words=o[0])),
            self.project.register_forward_hook(lambda m, i, o: seen.update(values=o[0])),
            self.out.register_forward_hook(lambda m, i, o: seen.update(written=o[0])),
            self.ending.register_forward_pre_hook(lambda m, i: seen.update(final=i[0][0])),
        ]
        with torch.no_grad():
            self.model(tokens[None])
        for handle in handles:
            handle.remove()
        return seen

    def through(self, norm, x, at=None):
        """A norm by hand, without its bias: at the scale of `at`; at None, without a scale."""
        gain = norm.weight.detach() + (self.family == "gemma2")
        if self.family in RMS:
            scale = 1 if at is None else (at.square().mean(-1, keepdim=True) + self.eps).sqrt()
            return x * gain / scale
        scale = 1 if at is None else (at.var(-1, unbiased=False, keepdim=True) + norm.eps).sqrt()
        return (x - x.mean(-1, keepdim=True)) * gain / scale

    def logits(self, values, at=None):
        """What the head adds by moving `values`, above the vocabulary's mean."""
        write = values @ self.w_o
        if self.family == "gemma2":
            write = self.through(self.after, write, at and at["written"])
        found = self.through(self.ending, write, at and at["final"]) @ self.w_u.T
        return found - found.mean(-1, keepdim=True)


def check_promoted(tokenizer, tokens, found, logits):
    """Names and numbers of all that a key is said to raise and lower."""
    assert len(found) == len(tokens) == len(logits)
    for promoted, token, expected in zip(found, tokens, logits, strict=True):
        assert promoted.own == pytest.approx(float(expected[token]), abs=1e-4)
        for named, sign in ((promoted.raised, 1), (promoted.lowered, -1)):
            best = (sign * expected).topk(5)
            texts = [token_text(tokenizer, int(i)) for i in best.indices]
            assert [text for text, _ in named] == texts
            values = [sign * float(value) for value in best.values]
            assert [value for _, value in named] == pytest.approx(values, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["processed", "raw"])
@pytest.mark.parametrize("family", NAMES)
def test_it_is_what_the_plain_models_own_modules_give(loaded, oracle, as_it_comes, family, weights):
    """Values from hooks, norms and products by hand: of the model as `transformers` loads it, and
    with values as TransformerLens folds them.
    """
    model = loaded(family, weights)
    spec = SweepSpec(model.name, checkpoints.TEXT, " jumps", prepend_bos=True, weights=weights)
    start = Scorer(model, spec).start
    for head in (Head(1, 1), Head(2, 2)):
        plain = Plain(as_it_comes(family), family, head)
        seen = plain.run(start.tokens)
        at = {name: seen[name][-1] for name in ("final", "written")}
        values = plain.own_value(seen["values"])
        if weights == "processed":
            values = folded_values(oracle(family), start.tokens, head)
        found = ov_circuit(start, head)
        check_promoted(
            model.tokenizer, start.tokens, found.from_resid_pre, plain.logits(values, at)
        )
        alone = plain.through(plain.norm, seen["words"], seen["words"]) @ plain.w_v.T
        check_promoted(model.tokenizer, start.tokens, found.from_embedding, plain.logits(alone, at))


def folded_values(bridge, tokens, head):
    """v of one head on a bridge that TransformerLens has processed."""
    seen = {}
    hooks = [(f"blocks.{head.layer}.attn.hook_v", lambda v, hook: seen.update(v=v[0].clone()))]
    with torch.no_grad():
        bridge.run_with_hooks(tokens[None], fwd_hooks=hooks)
    v = seen["v"].clone()
    return v[:, head.head * v.shape[1] // checkpoints.HEADS]


@pytest.mark.slow
@pytest.mark.parametrize("family", NAMES)
def test_copying_is_that_of_the_plain_models_own_modules(loaded, as_it_comes, family):
    """Also where TransformerLens folds nothing: norms without scales, every product in full."""
    model = loaded(family)
    found = copying_scores(model)
    assert found.shape == (model.n_layers, model.n_heads)
    words = None
    for head in (Head(0, 0), Head(1, 2), Head(model.n_layers - 1, model.n_heads - 1)):
        plain = Plain(as_it_comes(family), family, head)
        if words is None:  # the same for every head
            split = torch.arange(model.d_vocab).split(60)
            words = torch.cat([plain.run(ids)["words"] for ids in split])
        values = plain.through(plain.norm, words) @ plain.w_v.T
        eigenvalues = torch.linalg.eigvals(plain.logits(values).double())
        expected = eigenvalues.real.sum() / eigenvalues.abs().sum()
        assert found[head] == pytest.approx(float(expected), abs=1e-3)


@pytest.mark.parametrize("family", ["gpt2", "opt"])
def test_words_and_layers_come_one_after_the_other_and_change_nothing(loaded, family, monkeypatch):
    model = loaded(family)
    at_once = copying_scores(model)
    monkeypatch.setattr("core.circuits.ov._TOKENS_AT_ONCE", model.d_vocab // 4 + 1)
    shares = []
    found = run_to_end(measure_copying_scores(model), shares.append)
    assert found == pytest.approx(at_once, abs=1e-5)
    assert shares == sorted(set(shares))
    assert (len(shares), shares[-1]) == (4 + model.n_layers, 1)


def test_keys_come_a_few_at_a_time_and_change_nothing(loaded, monkeypatch):
    start, head = scorer_of(loaded("gpt2")).start, Head(1, 1)
    at_once = ov_circuit(start, head)
    monkeypatch.setattr("core.circuits.ov._AT_ONCE", 4)
    shares = []
    found = run_to_end(measure_ov_circuit(start, head), shares.append)
    assert shares == sorted(set(shares))
    assert (len(shares), shares[-1]) == (2 * 4, 1)  # 15 keys, read twice
    for one, other in zip(
        at_once.from_resid_pre + at_once.from_embedding,
        found.from_resid_pre + found.from_embedding,
        strict=True,
    ):
        assert [word for word, _ in one.raised] == [word for word, _ in other.raised]
        assert one.own == pytest.approx(other.own, abs=1e-5)


def test_the_embedded_models_induction_heads_copy(demo):
    """L1H0 to L1H3 look at what followed last time; where they also write it, they copy."""
    scores = copying_scores(demo)
    assert scores.shape == (3, 4)
    assert scores[1].max() > 0.5
