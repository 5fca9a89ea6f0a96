"""Whole layers and position 0: joint ablations of the sweep's own kind, held to plain hooks."""

from dataclasses import replace

import pytest
import torch
from support import checkpoints

from core import AblationKind, SweepSpec, run_sweep
from core.engine.oracle import ablated_logits
from core.progress import run_to_end
from core.results.layer_effects import LayerEffects, marked_heads
from core.spec.heads import Head
from core.sweep.layer_sweep import iter_layer_effects
from core.sweep.scorer import Scorer

HEADS = [Head(0, 1), Head(2, 3)]


def spec_of(model, **changes):
    return SweepSpec(
        model=model.name,
        **{"prompt": checkpoints.TEXT, "target": " jumps", "prepend_bos": True, **changes},
    )


def tokens_of(model):
    ids = model.tokenizer(checkpoints.TEXT, add_special_tokens=False)["input_ids"]
    return torch.tensor([[0, *ids]])


def target_of(model):
    return model.tokenizer(" jumps", add_special_tokens=False)["input_ids"][0]


def logprob_change(model, bridge, hooks):
    tokens, target = tokens_of(model), target_of(model)
    with torch.inference_mode():
        clean = bridge(tokens)[0, -1].log_softmax(-1)[target]
        ablated = bridge.run_with_hooks(tokens, fwd_hooks=hooks)[0, -1].log_softmax(-1)[target]
    return float(ablated - clean)


@pytest.mark.parametrize("weights", ["processed", "raw"])
@pytest.mark.parametrize("family", ["gpt2", "neox-parallel", "llama"])
def test_whole_layers_without_output_are_hooks_that_write_zeros(loaded, oracle, family, weights):
    model, bridge = loaded(family, weights), oracle(family, weights)
    layer_effects = run_to_end(
        iter_layer_effects(Scorer(model, spec_of(model, ablation="zero", weights=weights)), HEADS)
    )
    for layer in range(model.n_layers):
        for name, found in (
            ("attn.hook_z", layer_effects.attention),
            ("hook_mlp_out", layer_effects.mlp),
        ):
            hook = (f"blocks.{layer}.{name}", lambda x, hook: torch.zeros_like(x))
            expected = logprob_change(model, bridge, [hook])
            assert found[layer].logprob_change == pytest.approx(expected, abs=1e-4)
            assert abs(expected) > 1e-3


def test_a_layers_mean_is_taken_before_any_head_is_overwritten(loaded, oracle):
    model, bridge = loaded("gpt2"), oracle("gpt2")
    layer_effects = run_to_end(iter_layer_effects(Scorer(model, spec_of(model)), []))

    def all_by_their_mean(z, hook):
        return z.mean(2, keepdim=True).expand_as(z).clone()

    hook = ("blocks.1.attn.hook_z", all_by_their_mean)
    expected = logprob_change(model, bridge, [hook])
    assert layer_effects.attention[1].logprob_change == pytest.approx(expected, abs=1e-4)
    assert layer_effects.mlp == (None, None, None)  # an MLP has no heads to average over


@pytest.mark.parametrize("kind", ["mean", "resample"])
def test_mlps_are_replaced_by_their_own_values(loaded, kind):
    """Of a layer whose replacement is what it writes anyway, nothing changes."""
    model = loaded("gpt2")
    corrupted = checkpoints.TEXT.replace("lazy dog", "lazy fox")
    given = (
        {"corrupted_prompt": corrupted} if kind == "resample" else {"reference": (" fox", "a b")}
    )
    layer_effects = run_to_end(
        iter_layer_effects(Scorer(model, spec_of(model, ablation=kind, **given)), HEADS)
    )
    assert all(each is not None and abs(each.logprob_change) > 1e-3 for each in layer_effects.mlp)


def test_position_0_alone(loaded, oracle):
    model, bridge = loaded("gpt2"), oracle("gpt2")
    spec = spec_of(model, ablation="zero")
    layer_effects, result = (
        run_to_end(iter_layer_effects(Scorer(model, spec), HEADS)),
        run_sweep(model, spec),
    )
    for head in HEADS:
        logits = ablated_logits(bridge, tokens_of(model), head, AblationKind.ZERO, (0,))
        with torch.inference_mode():
            clean = bridge(tokens_of(model))[0, -1].log_softmax(-1)
        expected = float((logits[-1].log_softmax(-1) - clean)[target_of(model)])
        alone = layer_effects.first_position[head]
        assert alone.logprob_change == pytest.approx(expected, abs=1e-4)
        whole = result.effect(head).logprob_change
        share = layer_effects.share_of_first(result, head, "logprob_change")
        assert share == pytest.approx(expected / whole, abs=1e-3)
    assert layer_effects.share_of_first(result, Head(1, 0), "kl") is None


def test_positions_that_leave_out_0_have_no_share_of_it(loaded):
    model = loaded("gpt2")
    layer_effects = run_to_end(
        iter_layer_effects(Scorer(model, spec_of(model, positions="last")), HEADS)
    )
    assert layer_effects.first_position == {}


def test_without_wiring_there_are_heads_but_no_mlps(loaded):
    model = loaded("gpt2")
    spec = spec_of(model, ablation="zero")
    slow = run_to_end(iter_layer_effects(Scorer(replace(model, stack=None), spec), HEADS))
    fast = run_to_end(iter_layer_effects(Scorer(model, spec), HEADS))
    assert slow.mlp == (None, None, None)
    for one, other in zip(slow.attention, fast.attention, strict=True):
        assert one.logprob_change == pytest.approx(other.logprob_change, abs=1e-4)


def test_layer_effects_survive_json(loaded):
    import json

    model = loaded("gpt2")
    layer_effects = run_to_end(
        iter_layer_effects(Scorer(model, spec_of(model, ablation="zero", foil=" fox")), HEADS)
    )
    assert LayerEffects.from_dict(json.loads(json.dumps(layer_effects.to_dict()))) == layer_effects
    with pytest.raises(ValueError, match="damaged"):
        LayerEffects.from_dict({"attention": []})


def test_the_heads_marked_are_the_largest_of_every_metric(loaded):
    result = run_sweep(loaded("gpt2"), spec_of(loaded("gpt2")))
    for metric in ("prob_change", "logprob_change", "kl"):
        assert result.ranked(metric)[0].address in marked_heads(result, 1)
    assert len(marked_heads(result, 1)) <= 4
