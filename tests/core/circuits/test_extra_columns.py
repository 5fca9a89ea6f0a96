"""Extra columns of a sweep, each beside plain transformers with hooks of its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import checkpoints
from support.specs import spec_of
from transformers import AutoModelForCausalLM

from core import AblationKind
from core.circuits.direct_effect import direct_effect
from core.circuits.extra_columns import (
    BY_NAME,
    EXTRA_COLUMNS,
    columns_named,
    measure_extra_columns,
)
from core.errors import InputError
from core.progress import run_to_end
from core.results.metrics import BY_FIELD
from core.spec.heads import Head, all_heads
from core.sweep.scorer import Scorer

FAMILIES = ("gpt2", "llama", "neox-parallel", "gemma2", "demo")
ANSWERS = ((" jumps", " fox"), (" jumps", None))


def measured(scorer, *names):
    return run_to_end(measure_extra_columns(scorer, [BY_NAME[name] for name in names]))


class Plain:
    """A checkpoint in plain transformers, and its weights by head, as each family lays them out."""

    def __init__(self, family, folder):
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        )
        self.model, config = model.eval(), model.config
        self.gemma, heads = family == "gemma2", config.num_attention_heads
        self.cap = getattr(config, "final_logit_softcapping", None)
        if hasattr(model, "transformer"):
            self.blocks, self.final = model.transformer.h, model.transformer.ln_f
            self.first = [block.ln_1 for block in self.blocks]
            self.out = [block.attn.c_proj for block in self.blocks]
            width = config.hidden_size
            values = [block.attn.c_attn.weight[:, 2 * width :] for block in self.blocks]
            outs = [module.weight for module in self.out]
        elif hasattr(model, "gpt_neox"):
            self.blocks, self.final = model.gpt_neox.layers, model.gpt_neox.final_layer_norm
            self.first = [block.input_layernorm for block in self.blocks]
            self.out = [block.attention.dense for block in self.blocks]
            joined = [block.attention.query_key_value.weight for block in self.blocks]
            values = [each.unflatten(0, (heads, 3, -1))[:, 2].flatten(0, 1).T for each in joined]
            outs = [module.weight.T for module in self.out]
        else:
            self.blocks, self.final = model.model.layers, model.model.norm
            self.first = [block.input_layernorm for block in self.blocks]
            self.out = [block.self_attn.o_proj for block in self.blocks]
            values = [block.self_attn.v_proj.weight.T for block in self.blocks]
            outs = [module.weight.T for module in self.out]
        self.w_o = [each.unflatten(0, (heads, -1)) for each in outs]
        d_head = self.w_o[0].shape[1]
        grouped = [each.unflatten(1, (-1, d_head)) for each in values]
        self.w_v = [each.repeat_interleave(heads // each.shape[1], 1) for each in grouped]

    def linear(self, norm, part, at):
        """A norm with its scale frozen at `at`, without its bias."""
        if isinstance(norm, torch.nn.LayerNorm):
            at, part = at - at.mean(-1, keepdim=True), part - part.mean(-1, keepdim=True)
            gain, eps = norm.weight, norm.eps
        else:
            eps = norm.eps if self.gemma else norm.variance_epsilon
            gain = 1 + norm.weight if self.gemma else norm.weight
        return part * gain / (at.square().mean(-1, keepdim=True) + eps).sqrt()

    def after(self, layer):
        return self.blocks[layer].post_attention_layernorm if self.gemma else None

    def run(self, ids):
        """The clean pass: attention, streams before blocks, z by layer, the final stream."""
        z, final = [], []
        hooks = [
            module.register_forward_pre_hook(lambda _, given: z.append(given[0][0]))
            for module in self.out
        ]
        hooks.append(
            self.final.register_forward_pre_hook(lambda _, given: final.append(given[0][0]))
        )
        with torch.no_grad():
            found = self.model(ids[None], output_attentions=True, output_hidden_states=True)
        for hook in hooks:
            hook.remove()
        return found, z, final[0]

    def logp(self, normed):
        logits = self.model.get_output_embeddings()(normed)
        if self.cap is not None:
            logits = torch.tanh(logits / self.cap) * self.cap
        return logits.double().log_softmax(-1)


@pytest.fixture
def plain(checkpoint):
    return lambda family: Plain(family, checkpoint(family))


def level(logp, target, foil):
    """The leading metric: the logit difference, or the log odds."""
    if foil is not None:
        return float(logp[target] - logp[foil])
    return float(logp[target] - torch.log(-torch.expm1(logp[target])))


@pytest.mark.shapes
@pytest.mark.slow
@pytest.mark.parametrize(("target", "foil"), ANSWERS, ids=["foil", "no foil"])
@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_columns_are_what_plain_hooks_find(loaded, plain, family, target, foil):
    """Raw weights, zero ablation."""
    model = loaded(family, "raw")
    spec = replace(spec_of(model, AblationKind.ZERO, target, foil), weights="raw")
    scorer, hf = Scorer(model, spec), plain(family)
    names = ["direct-frozen", "attention-to-target", "copying-target"]
    found = measured(scorer, *names)
    assert found.unavailable == {}
    ids = scorer.start.tokens
    answer = scorer.prepared.target.sequence[0]
    other = None if foil is None else scorer.prepared.foil.sequence[0]
    places = [i for i, token in enumerate(ids.tolist()) if token == answer]
    assert places  # the pangram has the answer in its first copy
    run, z, final = hf.run(ids)
    streams = run.hidden_states
    unembedding = hf.model.get_output_embeddings().weight
    direction = unembedding[answer] - unembedding.mean(0)
    clean = level(hf.logp(hf.final(final[-1])), answer, other)
    for head in all_heads(model.n_layers, model.n_heads):
        layer, number = head
        attention = float(run.attentions[layer][0, number, -1, places].sum())
        d_head = hf.w_o[layer].shape[1]
        part = -z[layer][-1].unflatten(0, (-1, d_head))[number] @ hf.w_o[layer][number]
        stream = streams[1][0, places]
        read = hf.linear(hf.first[layer], stream, stream)
        write = read @ hf.w_v[layer][:, number] @ hf.w_o[layer][number]
        if (norm := hf.after(layer)) is not None:
            at = hf.out[layer](z[layer][-1])
            part, write = hf.linear(norm, part, at), hf.linear(norm, write, at)
        normed = hf.final(final[-1]) + hf.linear(hf.final, part, final[-1])
        direct = level(hf.logp(normed), answer, other) - clean
        copied = float((hf.linear(hf.final, write, final[-1]) @ direction).mean())
        expected = dict(zip(names, (direct, attention, copied), strict=True))
        for name, value in expected.items():
            assert found.value(BY_NAME[name], head) == pytest.approx(value, abs=1e-4), (name, head)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(AblationKind))
def test_direct_effects_are_those_of_each_head_alone(loaded, kind):
    """With a foil of its own pass, under every kind; a logit difference of attributions too."""
    model = loaded("gpt2")
    scorer = Scorer(model, spec_of(model, kind, " jumps over", " lazy dog."))
    values = measured(scorer, "direct-frozen").found["direct-frozen"]
    for head in (Head(0, 1), Head(1, 3), Head(2, 0)):
        assert values[head] == pytest.approx(
            direct_effect(scorer, head).direct_frozen_norm, abs=1e-4
        )


def test_removing_a_head_takes_its_attribution_away(loaded):
    """Zero ablation of processed weights, a logit difference: the direct effect is minus it."""
    model = loaded("llama")
    scorer = Scorer(model, spec_of(model, AblationKind.ZERO, " jumps", " fox"))
    found = measured(scorer, "attribution", "direct-frozen").found
    assert found["direct-frozen"] == pytest.approx(-found["attribution"], abs=1e-4)
    assert BY_FIELD[scorer.metric].needs_foil


def test_scores_are_the_models_and_measured_once(demo, monkeypatch):
    from core.circuits import measure_scores

    calls = []
    real = measure_scores.measure_head_scores

    def counted(model):
        calls.append(model)
        return (yield from real(model))

    monkeypatch.setattr(measure_scores, "measure_head_scores", counted)
    found = measured(Scorer(demo, spec_of(demo)), "induction", "previous-token")
    assert len(calls) == 1
    scores = run_to_end(real(demo))
    assert np.array_equal(found.found["induction"], scores.values("induction"))
    assert np.array_equal(found.found["previous-token"], scores.values("previous token"))


@pytest.mark.shapes
def test_what_a_run_has_not_is_said_and_the_rest_measured(loaded):
    """No foil; a target that is not in the prompt; a stream that is not a sum."""
    model = loaded("opt-post-norm")
    scorer = Scorer(model, replace(spec_of(model), foil=None))
    found = measured(scorer, "attribution", "attention-to-target", "attention-to-foil")
    assert "a norm follows every addition" in found.unavailable["attribution"]
    assert found.unavailable["attention-to-foil"] == "There is no foil: give one for this column."
    assert [each.name for each in found.measured] == ["attention-to-target"]
    plain = found.to_dict()
    assert set(plain["attribution"]) == {"unit", "how", "unavailable"}
    assert np.shape(plain["attention-to-target"]["values"]) == (model.n_layers, model.n_heads)
    absent = replace(spec_of(model), foil=None, prompt="The quick brown")
    found = measured(Scorer(model, absent), "attention-to-target", "copying-target")
    assert all("not in the prompt" in why for why in found.unavailable.values())


def test_shares_grow_to_the_whole(demo):
    shares = list(measure_extra_columns(Scorer(demo, spec_of(demo)), EXTRA_COLUMNS))
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_names_are_checked_and_put_in_order():
    assert columns_named("induction, attribution,induction") == (
        BY_NAME["attribution"],
        BY_NAME["induction"],
    )
    with pytest.raises(InputError, match="'banana' is no column: choose among attribution"):
        columns_named("attribution,banana")
    with pytest.raises(InputError, match="No column is named"):
        columns_named(" , ")


def test_the_prompt_is_the_pangram():
    """The tests above count on it."""
    assert checkpoints.TEXT.count(" jumps") == 1
