"""Attention patterns against the model's own, and weighted by what is moved."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from support import checkpoints
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from core import SweepSpec
from core.circuits.attention import head_attention
from core.engine import start_clean
from core.spec.heads import Head, all_heads

TOKENS = torch.tensor([0, 51, 90, 7, 33, 120, 51, 90, 12, 9, 30, 61])


@pytest.mark.shapes
@pytest.mark.parametrize("family", checkpoints.FAMILIES)
def test_patterns_are_the_models_own(loaded, family):
    model = loaded(family)
    start = start_clean(model, TOKENS, (len(TOKENS) - 1,))
    for head in (Head(0, 1), Head(1, 3)):
        own = model.pattern(TOKENS, head)
        found = head_attention(start, head)
        np.testing.assert_allclose(found.weights, own.numpy(), atol=1e-5)
        np.testing.assert_allclose(found.weights.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "family", ["llama", "qwen2", "bloom", "bloom-six-heads", "mistral", "gemma2", "gpt-neo"]
)
def test_every_head_has_its_own_keys_slope_and_window(loaded, oracle, family):
    """Grouped queries, ALiBi and sliding windows, against TransformerLens's hooks."""
    model, bridge = loaded(family), oracle(family)
    start, found = start_clean(model, TOKENS, (len(TOKENS) - 1,)), {}
    hooks = [
        (f"blocks.{layer}.attn.hook_pattern", lambda p, hook: found.update({hook.name: p[0]}))
        for layer in range(model.n_layers)
    ]
    with torch.inference_mode():
        bridge.run_with_hooks(TOKENS[None], fwd_hooks=hooks)
    for head in all_heads(model.n_layers, model.n_heads):
        expected = found[f"blocks.{head.layer}.attn.hook_pattern"]
        np.testing.assert_allclose(
            head_attention(start, head).weights, expected[head.head], atol=1e-5
        )
        others = [expected[other] for other in range(model.n_heads) if other != head.head]
        assert min(float((expected[head.head] - each).abs().max()) for each in others) > 1e-3


class Shapes(TorchDispatchMode):
    """The shapes of all tensors that are computed within it."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        self.seen |= {tuple(x.shape) for x in tree_leaves(found) if isinstance(x, torch.Tensor)}
        return found


@pytest.mark.parametrize("family", ["gpt2", "llama", "bloom", "gemma2"])
def test_only_the_heads_own_pattern_is_written_out(loaded, family):
    """Of a long prompt, the patterns of all heads of a layer would not fit."""
    n_pos = 61  # no other size of these models
    start = start_clean(loaded(family), torch.arange(1, n_pos + 1), (n_pos - 1,))
    with Shapes() as shapes:
        head_attention(start, Head(1, 1))
    squares = [shape for shape in shapes.seen if shape.count(n_pos) == 2]
    assert squares
    assert {int(np.prod(shape)) for shape in squares} == {n_pos**2}


@pytest.mark.shapes
@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama", "neox-parallel", "gptj"])
def test_lengths_are_those_of_what_each_value_writes(loaded, oracle, family):
    """||v W_O|| from a bridge that TransformerLens has processed."""
    model, bridge = loaded(family), oracle(family)
    values = {}
    hooks = [("blocks.1.attn.hook_v", lambda v, hook: values.update(v=v[0].clone()))]
    with torch.no_grad():
        bridge.run_with_hooks(TOKENS[None], fwd_hooks=hooks)
    start = start_clean(model, TOKENS, (len(TOKENS) - 1,))
    v = values["v"].clone()
    for head in range(model.n_heads):
        own = v[:, head // (model.n_heads // v.shape[1])]
        expected = (own @ bridge.W_O[1, head].detach().clone()).norm(dim=-1)
        found = head_attention(start, Head(1, head))
        np.testing.assert_allclose(
            found.value_lengths, expected.detach().numpy(), rtol=1e-4, atol=1e-5
        )
        np.testing.assert_allclose(found.value_weighted, found.weights * found.value_lengths[None])


def test_a_sweep_has_its_clean_run_at_hand(loaded):
    from core.sweep.scorer import Scorer

    model = loaded("gpt2")
    scorer = Scorer(model, SweepSpec(model.name, checkpoints.TEXT, " jumps"))
    assert head_attention(scorer.start, Head(1, 1)).weights.shape[0] == len(scorer.start.tokens)


def test_an_unknown_wiring_has_its_pattern_and_no_lengths(loaded):
    model = loaded("gpt2")
    hooked = replace(model, stack=None)
    start, bare = (start_clean(m, TOKENS, (len(TOKENS) - 1,)) for m in (model, hooked))
    found = head_attention(bare, Head(1, 2))
    np.testing.assert_allclose(found.weights, head_attention(start, Head(1, 2)).weights, atol=1e-5)
    assert found.value_lengths is None
    assert found.value_weighted is None
