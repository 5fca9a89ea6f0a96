"""Attention patterns against the model's own, and weighted by what is moved."""

from dataclasses import replace

import checkpoints
import numpy as np
import pytest
import torch

from core import SweepSpec
from core.circuits.looking import look, patterns
from core.engine import begin
from core.heads import Head

TOKENS = torch.tensor([0, 51, 90, 7, 33, 120, 51, 90, 12, 9, 30, 61])


@pytest.mark.parametrize("family", checkpoints.FAMILIES)
def test_patterns_are_the_models_own(loaded, family):
    model = loaded(family)
    start = begin(model, TOKENS, (len(TOKENS) - 1,))
    for head in (Head(0, 1), Head(1, 3)):
        own = model.pattern(TOKENS, head)
        found = look(start, head)
        np.testing.assert_allclose(found.weights, own.numpy(), atol=1e-5)
        np.testing.assert_allclose(found.weights.sum(1), 1, atol=1e-5)
    assert patterns(start, 1).shape == (model.n_heads, len(TOKENS), len(TOKENS))


@pytest.mark.parametrize("family", ["gpt2", "llama", "neox-parallel", "gptj"])
def test_lengths_are_those_of_what_each_value_writes(loaded, oracle, family):
    """||v W_O|| from a bridge that TransformerLens has processed."""
    model, bridge = loaded(family), oracle(family)
    values = {}
    hooks = [("blocks.1.attn.hook_v", lambda v, hook: values.update(v=v[0].clone()))]
    with torch.no_grad():
        bridge.run_with_hooks(TOKENS[None], fwd_hooks=hooks)
    start = begin(model, TOKENS, (len(TOKENS) - 1,))
    v = values["v"].clone()
    for head in range(model.n_heads):
        own = v[:, head // (model.n_heads // v.shape[1])]
        expected = (own @ bridge.W_O[1, head].detach().clone()).norm(dim=-1)
        found = look(start, Head(1, head))
        np.testing.assert_allclose(found.lengths, expected.detach().numpy(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.weighted, found.weights * found.lengths[None])


def test_a_sweep_has_its_clean_run_at_hand(loaded):
    from core.scoring import Scorer

    model = loaded("gpt2")
    scorer = Scorer(model, SweepSpec(model.name, checkpoints.TEXT, " jumps"))
    assert look(scorer.start, Head(1, 1)).weights.shape[0] == len(scorer.start.tokens)


def test_an_unknown_wiring_has_its_pattern_and_no_lengths(loaded):
    model = loaded("gpt2")
    hooked = replace(model, stack=None)
    start, bare = (begin(m, TOKENS, (len(TOKENS) - 1,)) for m in (model, hooked))
    found = look(bare, Head(1, 2))
    np.testing.assert_allclose(found.weights, look(start, Head(1, 2)).weights, atol=1e-5)
    assert found.lengths is None
    assert found.weighted is None
