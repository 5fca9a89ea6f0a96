"""The weights a lens gives are those the block multiplies with, in every family."""

import copy

import pytest
import torch
from support import checkpoints
from transformers import AutoModelForCausalLM, PhiConfig

from core.model.families import stack_of


def built(config):
    """A random model: biases too, so that a product that kept one would differ."""
    config = copy.deepcopy(config)
    config.vocab_size = 16  # its own may take most of the time, and no token is read here
    config.bos_token_id = config.eos_token_id = config.pad_token_id = 0
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


def streams(stack, d_model):
    """Two streams of one position each, and the rotary of position 0, which turns nothing."""
    torch.manual_seed(1)
    first, second = torch.randn(2, 1, 1, d_model)
    return first, second, stack.rotary(1, first)


@pytest.mark.parametrize("family", checkpoints.FAMILIES)
def test_q_k_and_v_are_products_with_these_weights(family):
    """Of two streams the difference: it has no bias in it."""
    model = built(checkpoints.FAMILIES[family])
    stack = stack_of(model)
    width = model.get_input_embeddings().weight.shape[1]
    width = getattr(model.config, "hidden_size", width)
    for block in stack.blocks:
        with torch.inference_mode():
            first, second, rotary = streams(stack, width)
            found = zip(block.qkv(first, rotary), block.qkv(second, rotary), strict=True)
            apart = [(a - b)[0, :, 0] for a, b in found]
            entered = (block.lens.norm(first) - block.lens.norm(second)).flatten()
            weights = [block.lens.queries(), block.lens.keys(), block.lens.values()]
            for own, weight in zip(apart, weights, strict=True):
                assert own.abs().max() > 0.1
                torch.testing.assert_close(weight @ entered, own, atol=1e-5, rtol=1e-4)


def test_a_norm_of_the_heads_own_leaves_its_gain_and_centring():
    """Phi can norm q and k over d_head: without its biases, q and k then point where these do."""
    model = built(
        PhiConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=4,
            qk_layernorm=True,
        )
    )
    stack = stack_of(model)
    block, attn = stack.blocks[0], model.model.layers[0].self_attn
    with torch.no_grad():
        for part in (attn.q_proj, attn.k_proj, attn.q_layernorm, attn.k_layernorm):
            part.bias.zero_()
    with torch.inference_mode():
        stream, _, rotary = streams(stack, 32)
        q, k, _ = block.qkv(stream, rotary)
        entered = block.lens.norm(stream).flatten()
        for own, weight in ((q, block.lens.queries()), (k, block.lens.keys())):
            alike = torch.cosine_similarity(own[0, :, 0], weight @ entered, dim=-1)
            torch.testing.assert_close(alike, torch.ones(4), atol=1e-5, rtol=0)
